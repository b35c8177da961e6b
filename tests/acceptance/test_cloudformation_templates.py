"""What templates may say: functions, conditions, parameters, capabilities; and what AWS answers to those that are wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.stacks import (
    Stacks,
    att,
    bucket,
    group,
    parameters,
    ref,
    refusal,
    refused,
    role,
    sub,
    table,
    template,
    unique,
)

ACCOUNT = "000000000000"


def words(stacks: Stacks, what: dict[str, Any] | str, **request: Any) -> str:
    """What CreateStack says to it."""
    name = unique("wrong")
    code, message = refusal(stacks.begin, name=name, what=what, **request)
    assert code == "ValidationError"
    # Nothing is left of it.
    assert refusal(stacks.api.describe_stacks, StackName=name)[0] == "ValidationError"
    return message


# --- functions

EVERYTHING = """
AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Stage: {Type: String, Default: test}
  Names: {Type: CommaDelimitedList, Default: 'alpha, beta,gamma'}
  Count: {Type: Number, Default: 3}
Mappings:
  Settings:
    test: {Days: 1, Zones: [a, b]}
    live: {Days: 30}
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  IsLive: !Not [!Condition IsTest]
  Both: !And [!Condition IsTest, !Equals [!Ref Count, 3]]
  Either: !Or [!Condition IsLive, !Equals ['1', 1]]
  Neither: !And [!Condition IsLive, !Condition IsTest]
Resources:
  Log:
    Type: AWS::Logs::LogGroup
    Properties:
      RetentionInDays: !FindInMap [Settings, !Ref Stage, Days]
      KmsKeyId: !If [IsLive, key, !Ref AWS::NoValue]
      Tags:
        - {Key: stage, Value: !Ref Stage}
        - !If [IsLive, {Key: live, Value: 'yes'}, !Ref AWS::NoValue]
  Never: {Type: AWS::S3::Bucket, Condition: IsLive}
Outputs:
  Sub: {Value: !Sub '${AWS::StackName}:${Stage}:${Log}:${Log.Arn}:${!Kept}'}
  SubOwn:
    Value: !Sub
      - '${Stage}-${Own}-${Joined}'
      - {Own: mine, Joined: !Join ['/', [x, !Ref Stage]]}
  Join: {Value: !Join [',', !Ref Names]}
  JoinSplit: {Value: !Join ['+', !Split ['-', 'one-two-three']]}
  Select: {Value: !Select [1, !Ref Names]}
  SelectSplit: {Value: !Select [0, !Split ['.', 'first.second']]}
  SelectMap: {Value: !Select ['1', !FindInMap [Settings, test, Zones]]}
  GetAtt: {Value: !GetAtt Log.Arn}
  Base64: {Value: !Base64 text}
  Both: {Value: !If [Both, 'yes', 'no']}
  Either: {Value: !If [Either, 'yes', 'no']}
  Neither: {Value: !If [Neither, 'yes', 'no']}
  Number: {Value: !Ref Count}
  Boolean: {Value: true}
  Account: {Value: !Ref AWS::AccountId}
  Region: {Value: !Ref AWS::Region}
  Partition: {Value: !Ref AWS::Partition}
  Suffix: {Value: !Ref AWS::URLSuffix}
  Stack: {Value: !Ref AWS::StackId}
  Hidden: {Condition: IsLive, Value: !Ref Never}
"""


def test_every_function_and_pseudo_parameter(stacks, others):
    name = unique("functions")
    told = stacks.create(name, EVERYTHING)
    log = stacks.physical(name, "Log")
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{log}:*"
    assert stacks.outputs(name) == {
        "Sub": f"{name}:test:{log}:{arn}:${{Kept}}",
        "SubOwn": "test-mine-x/test",
        "Join": "alpha,beta,gamma",
        "JoinSplit": "one+two+three",
        "Select": "beta",
        "SelectSplit": "first",
        "SelectMap": "b",
        "GetAtt": arn,
        "Base64": "dGV4dA==",
        "Both": "yes",
        "Either": "yes",
        "Neither": "no",
        "Number": "3",
        "Boolean": "true",
        "Account": ACCOUNT,
        "Region": "us-east-1",
        "Partition": "aws",
        "Suffix": "amazonaws.com",
        "Stack": told["StackId"],
    }
    made = others.logs.describe_log_groups(logGroupNamePrefix=log)["logGroups"][0]
    assert made["retentionInDays"] == 1 and "kmsKeyId" not in made
    tags = others.logs.list_tags_for_resource(resourceArn=arn.removesuffix(":*"))["tags"]
    assert {k: v for k, v in tags.items() if not k.startswith("aws:")} == {"stage": "test"}
    assert stacks.resources(name) == {"Log": "CREATE_COMPLETE"}


def test_the_same_in_json_and_in_another_region(server):
    there = Stacks(server)
    there.api = server._session().client("cloudformation", region_name="eu-central-1", endpoint_url=server.endpoint)
    name = unique("region")
    told = there.create(name, template({"Data": bucket()}, {"Where": sub("${AWS::Region} ${Data.RegionalDomainName}")}))
    assert f":eu-central-1:{ACCOUNT}:stack/" in told["StackId"]
    assert there.outputs(name)["Where"].startswith("eu-central-1 ") and ".s3.eu-central-1." in there.outputs(name)["Where"]
    assert refusal(server.client("cloudformation").describe_stacks, StackName=name)[0] == "ValidationError"
    there.delete(name)


def test_dependencies_order_what_is_made(stacks):
    name = unique("order")
    stacks.create(name, template({
        "A": group({"Tags": [{"Key": "k", "Value": ref("D")}]}),
        "B": group(DependsOn=["A", "C"]),
        "C": role({"Description": sub("${A.Arn}")}),
        "D": group(),
    }))  # fmt: skip
    made = [event[0] for event in stacks.events(name) if event[1] == "CREATE_COMPLETE"]
    assert made == ["D", "A", "C", "B", name]


def test_a_function_that_a_condition_leaves_out_asks_for_nothing(stacks):
    name = unique("leftout")
    what = template(
        {"Maybe": bucket(Condition="No"), "Log": group({"Tags": [{"Key": "k", "Value": {"Fn::If": ["No", ref("Maybe"), "none"]}}]},
                                                       DependsOn="Maybe")},
        Conditions={"No": {"Fn::Equals": ["a", "b"]}},
    )  # fmt: skip
    stacks.create(name, what)
    assert stacks.resources(name) == {"Log": "CREATE_COMPLETE"}


# --- parameters

PARAMETERS = {
    "Word": {"Type": "String", "AllowedValues": ["one", "two"], "Default": "one"},
    "Name": {"Type": "String", "AllowedPattern": "[a-z]+", "MinLength": 2, "MaxLength": "4", "Default": "abc"},
    "Mail": {"Type": "String", "AllowedPattern": "^.+@.+$", "ConstraintDescription": "must be an address", "Default": "a@b"},
    "Port": {"Type": "Number", "MinValue": 1, "MaxValue": 65535, "Default": 80},
    "Parts": {"Type": "List<Number>", "Default": "1,2", "MaxValue": 9},
    "Tags": {"Type": "CommaDelimitedList", "Default": "x,y", "AllowedPattern": "[xyz]"},
    "Secret": {"Type": "String", "NoEcho": True, "Default": "s3cret"},
}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Word": "three"}, "Parameter 'Word' must be one of AllowedValues"),
        ({"Name": "ABC"}, "Parameter 'Name' must match pattern [a-z]+"),
        ({"Name": "abc1"}, "Parameter 'Name' must match pattern [a-z]+"),
        ({"Name": "a"}, "Parameter 'Name' must contain at least 2 characters"),
        ({"Name": "abcde"}, "Parameter 'Name' must contain at most 4 characters"),
        ({"Mail": "nobody"}, "Parameter Mail failed to satisfy constraint: must be an address"),
        ({"Port": "http"}, "Parameter 'Port' must be a number."),
        ({"Port": "0"}, "Parameter 'Port' must be a number not less than 1"),
        ({"Port": "65536"}, "Parameter 'Port' must be a number not greater than 65535"),
        ({"Parts": "1,two"}, "Parameter 'Parts' must be a number."),
        ({"Parts": "1,10"}, "Parameter 'Parts' must be a number not greater than 9"),
        ({"Tags": "x,q"}, "Parameter 'Tags' must match pattern [xyz]"),
        ({"Nobody": "1", "Other": "2"}, "Parameters: [Nobody, Other] do not exist in the template"),
        ({"Secret": "s" * 4097}, "Template error: parameter Secret value length is greater than 4096."),
    ],
)
def test_values_that_do_not_fit(stacks, given, message):
    assert words(stacks, template({"A": group()}, Parameters=PARAMETERS), Parameters=parameters(**given)) == message


def test_values_that_fit_at_the_edge(stacks):
    name = unique("edge")
    what = template({"A": group()}, {"All": {"Fn::Sub": "${Word} ${Name} ${Mail} ${Port}"},
                                     "Lists": {"Fn::Join": ["", [{"Fn::Select": [1, ref("Parts")]}, {"Fn::Join": ["", ref("Tags")]}]]}},
                    Parameters=PARAMETERS)  # fmt: skip
    stacks.create(name, what, Parameters=parameters(
        Word="two", Name="zz", Mail="x@y", Port="65535", Parts="9, 9", Tags="z, x", Secret="s" * 4096))  # fmt: skip
    assert stacks.outputs(name) == {"All": "two zz x@y 65535", "Lists": "9zx"}


def test_a_secret_is_not_shown(stacks, others):
    name = unique("secret")
    what = template({"User": role({"Description": ref("Secret")})}, Parameters=PARAMETERS)
    told = stacks.create(name, what, Parameters=parameters(Secret="hunter2"))
    shown = {p["ParameterKey"]: p["ParameterValue"] for p in told["Parameters"]}
    assert shown["Secret"] == "****" and shown["Word"] == "one"
    assert others.iam.get_role(RoleName=stacks.physical(name, "User"))["Role"]["Description"] == "hunter2"
    stacks.api.create_change_set(
        StackName=name, ChangeSetName="other", TemplateBody=json.dumps(what), Capabilities=["CAPABILITY_IAM"],
        Parameters=parameters(Secret="other"))  # fmt: skip
    told = stacks.api.describe_change_set(StackName=name, ChangeSetName="other")
    assert {"ParameterKey": "Secret", "ParameterValue": "****"} in told["Parameters"]


def test_values_that_are_missing(stacks):
    what = template({"A": group()}, Parameters={"B": {"Type": "String"}, "A": {"Type": "Number"}, "C": {"Type": "String", "Default": ""}})
    assert words(stacks, what) == "Parameters: [A, B] must have values"
    assert words(stacks, what, Parameters=[{"ParameterKey": "A", "UsePreviousValue": True}]).startswith(
        "Invalid input for parameter key A.")  # fmt: skip


# --- capabilities


@pytest.mark.parametrize(
    ("properties", "given", "needed"),
    [
        ({}, [], "CAPABILITY_IAM"),
        ({"RoleName": "r"}, [], "CAPABILITY_NAMED_IAM"),
        ({"RoleName": "r"}, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
        ({"RoleName": "r"}, ["CAPABILITY_AUTO_EXPAND"], "CAPABILITY_NAMED_IAM"),
    ],
)
def test_capabilities_that_are_missing(stacks, properties, given, needed):
    what = template({"Runner": role(properties), "Log": group()})
    expected = ("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")
    name = unique("capable")
    assert refusal(stacks.begin, name=name, what=what, Capabilities=given) == expected
    change = {"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": json.dumps(what)}
    assert refusal(stacks.api.create_change_set, Capabilities=given, **change) == expected


@pytest.mark.parametrize("given", ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"])
def test_capabilities_that_suffice(stacks, given):
    told = stacks.create(unique("capable"), template({"Runner": role()}), Capabilities=[given])
    assert told["Capabilities"] == [given]


# --- what is wrong with a template

ONE = {"A": group()}


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("just text", "Template format error: unsupported structure."),
        ("[1, 2]", "Template format error: unsupported structure."),
        ("{", "Template format error: YAML not well-formed. (line 1, column 1)"),
        ('{"Resources": ', "Template format error: JSON not well-formed."),
        ("Resources:\n  A: [", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("Resources:\n  A: {Type: AWS::S3::Bucket}\n  A: {Type: AWS::S3::Bucket}",
         "Template format error: YAML not well-formed. (line 3, column 3)"),
        ({"Resources": {}}, "Template format error: At least one Resources member must be defined."),
        ({"Description": "nothing"}, "Template format error: At least one Resources member must be defined."),
        (template(ONE, Resorces={}), "Invalid template property or properties [Resorces]"),
        (template(ONE) | {"AWSTemplateFormatVersion": "2010-09-10"},
         "Template format error: unsupported value for AWSTemplateFormatVersion."),
        (template(ONE, Description="x" * 1025), "Template format error: 'Description' length is greater than 1024."),
        (template({"A": {"Properties": {}}}), "Template format error: [/Resources/A] Every Resources object must contain a Type member."),
        (template({"A": "AWS::S3::Bucket"}), "Template format error: [/Resources/A] resource definition is malformed"),
        (template({"A-B": group()}), "Template format error: Resource name A-B is non alphanumeric."),
        (template({"A": {"Type": "AWS::S3::Bucket", "BucketName": "b"}}), "Invalid template resource property 'BucketName'"),
        (template({"A": bucket({"BucketName": None})}), "[/Resources/A/Properties/BucketName] 'null' values are not allowed in templates"),
        ("Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n",
         "[/Resources/A/Properties] 'null' values are not allowed in templates"),
        (template({"A": {"Type": "AWS::EC2::Spaceship"}, "B": {"Type": "Custom::Thing"}, "C": group()}),
         "Template format error: Unrecognized resource types: [AWS::EC2::Spaceship, Custom::Thing]"),
        (template({"A": bucket({"BucketName": ref("Nobody")}), "B": group({"LogGroupName": ref("Noone")})}),
         "Template format error: Unresolved resource dependencies [Nobody, Noone] in the Resources block of the template"),
        (template({"A": group(DependsOn="Nobody")}),
         "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template"),
        (template({"A": bucket({"BucketName": sub("x-${Nobody}")})}),
         "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template"),
        (template({"A": bucket({"BucketName": att("Nobody", "Arn")})}),
         "Template error: instance of Fn::GetAtt references undefined resource Nobody"),
        (template(ONE, {"O": ref("Nobody")}),
         "Template format error: Unresolved resource dependencies [Nobody] in the Outputs block of the template"),
        (template({"A": group({"LogGroupName": ref("B")}), "B": group({"LogGroupName": ref("C")}), "C": group(DependsOn="A"), "D": group()}),
         "Circular dependency between resources: [A, B, C]"),
        (template({"A": group(DependsOn="A")}), "Circular dependency between resources: [A]"),
        (template({"A": group(Condition="Nobody")}),
         "Template format error: Unresolved condition dependency Nobody in the Resources block of the template"),
        (template(ONE, {"O": {"Value": "v", "Condition": "Nobody"}}),
         "Template format error: Unresolved condition dependency Nobody in the Outputs block of the template"),
        (template({"A": group({"LogGroupName": {"Fn::If": ["Nobody", "a", "b"]}})}),
         "Template error: unresolved condition dependency Nobody in Fn::If"),
        (template({"A": group({"LogGroupName": {"Fn::FindInMap": ["M", "a", "b"]}})}, Mappings={"M": {"a": {"c": "d"}}}),
         "Template error: Unable to get mapping for M::a::b"),
        (template({"A": group({"LogGroupName": {"Fn::FindInMap": ["N", "a", "b"]}})}),
         "Template error: Mapping named 'N' is not present in the 'Mappings' section of template."),
        (template({"A": group({"LogGroupName": {"Fn::Select": ["3", ["a", "b"]]}})}),
         "Template error: Fn::Select cannot select nonexistent value at index 3"),
        (template({"A": group({"LogGroupName": {"Fn::Sub": ["${a-b}", {}]}})}),
         "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons"),
        (template({"A": bucket(Condition="No"), "B": group({"LogGroupName": ref("A")})}, Conditions={"No": {"Fn::Equals": ["a", "b"]}}),
         "Template format error: Unresolved resource dependencies [A] in the Resources block of the template"),
        (template(ONE, {"O": {"Value": {"Fn::Split": [",", "a,b"]}}}),
         "Template format error: The Value field of every Outputs member must evaluate to a String."),
        (template(ONE, {"O-P": "v"}), "Template format error: Output name O-P is non alphanumeric."),
        (template(ONE) | {"Outputs": {"O": {"Description": "no value"}}},
         "Template format error: Every Outputs member must contain a Value object"),
        (template(ONE, Parameters={"P": {}}), "Template format error: Every Parameters object must contain a Type member."),
        (template(ONE, Parameters={"P": {"Type": "Text"}}), "Template format error: Unrecognized parameter type: Text"),
        (template(ONE, Parameters={"P": {"Type": "String", "Defalt": "x"}}), "Invalid template parameter property 'Defalt'"),
        (template(ONE, Parameters={"P-Q": {"Type": "String"}}), "Template format error: Parameter name P-Q is non alphanumeric."),
        (template({"A": group(DeletionPolicy="Snapshot")}),
         "Template error: resource type AWS::Logs::LogGroup does not support deletion policy Snapshot"),
        (template({f"A{n}": group() for n in range(501)}),
         "Template format error: Number of resources, 501, is greater than maximum allowed, 500"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value)[:60],
)  # fmt: skip
def test_templates_that_are_wrong(stacks, what, message):
    said = words(stacks, what)
    assert said == message or (message.endswith("JSON not well-formed.") and said.startswith(message))


def test_validation_says_the_same(stacks):
    for what, message in (
        (template({"A": group(DependsOn="Nobody")}), "Unresolved resource dependencies [Nobody]"),
        (template({"A": {"Type": "AWS::EC2::Spaceship"}}), "Unrecognized resource types: [AWS::EC2::Spaceship]"),
    ):
        code, said = refusal(stacks.api.validate_template, TemplateBody=json.dumps(what))
        assert code == "ValidationError" and message in said


def test_properties_that_are_unknown_or_missing_fail_their_resource(stacks):
    name = unique("unknown")
    what = template({"Data": bucket({"BuketName": "b", "Size": 3}), "Rows": {"Type": "AWS::DynamoDB::Table"}})
    stacks.create(name, what, ends="CREATE_FAILED", DisableRollback=True)
    assert stacks.reason(name, "Data", "CREATE_FAILED") == (
        "Properties validation failed for resource Data with message:\n"
        "#: extraneous key [BuketName] is not permitted\n#: extraneous key [Size] is not permitted"
    )
    stacks.delete(name)
    name = unique("missing")
    stacks.create(name, template({"Rows": {"Type": "AWS::DynamoDB::Table"}}), ends="ROLLBACK_COMPLETE")
    assert stacks.reason(name, "Rows", "CREATE_FAILED") == (
        "Properties validation failed for resource Rows with message:\n#: required key [KeySchema] not found"
    )


def test_an_attribute_that_a_resource_does_not_have(stacks):
    name = unique("attribute")
    stacks.create(name, template({"Log": group(), "User": role({"Description": att("Log", "Colour")})}), ends="ROLLBACK_COMPLETE")
    assert stacks.reason(name, "User", "CREATE_FAILED") == (
        "Template error: resource Log does not support attribute type Colour in Fn::GetAtt")  # fmt: skip


# --- size


def padded(size: int) -> str:
    """A template of so many bytes."""
    text = json.dumps(template({"A": group()}, Metadata={"Pad": ""}))
    out = text.replace('"Pad": ""', '"Pad": "' + "x" * (size - len(text)) + '"')
    assert len(out) == size
    return out


def test_the_largest_body(stacks):
    stacks.create(unique("large"), padded(51_200))
    message = words(stacks, padded(51_201))
    assert message.startswith("1 validation error detected: Value ") and message.endswith(
        "at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200")  # fmt: skip


def test_templates_by_url(stacks, others):
    data = unique("templates")
    others.s3.create_bucket(Bucket=data)
    for key, size in (("just right.json", 1_048_576), ("too-large.json", 1_048_577)):
        others.s3.put_object(Bucket=data, Key=key, Body=padded(size).encode())
    endpoint = stacks.server.endpoint
    for url in (
        f"{endpoint}/{data}/just%20right.json",
        f"https://{data}.s3.us-east-1.amazonaws.com/just%20right.json",
        f"https://s3.us-east-1.amazonaws.com/{data}/just%20right.json",
        f"https://s3.amazonaws.com/{data}/just%20right.json?versionId=null",
    ):
        name = unique("url")
        stacks.api.create_stack(StackName=name, TemplateURL=url)
        stacks.await_end(name, "CREATE_COMPLETE")
    code, message = refusal(stacks.api.create_stack, StackName=unique("url"), TemplateURL=f"{endpoint}/{data}/too-large.json")
    assert (code, message) == ("ValidationError", "Template may not exceed 1048576 bytes in size.")
    code, message = refusal(stacks.api.create_stack, StackName=unique("url"), TemplateURL=f"{endpoint}/{data}/nobody.json")
    assert code == "ValidationError" and message.startswith("S3 error: The specified key does not exist.")
    code, message = refusal(stacks.api.create_stack, StackName=unique("url"), TemplateURL="nonsense")
    assert (code, message) == ("ValidationError", "TemplateURL must be a supported URL.")
    assert refusal(stacks.api.create_stack, StackName=unique("url"))[1] == (
        "Either Template URL or Template Body must be specified.")  # fmt: skip
    both = {"TemplateURL": f"{endpoint}/{data}/just%20right.json", "TemplateBody": padded(1000)}
    assert refusal(stacks.api.create_stack, StackName=unique("url"), **both)[0] == "ValidationError"


def test_five_hundred_resources(stacks, others):
    name = unique("many")
    text = json.dumps(template({f"A{n}": group() for n in range(500)}))
    assert len(text) < 51_200
    stacks.create(name, text)
    assert len(stacks.resources(name)) == 500
    stacks.delete(name)
    assert others.groups(name) == []


# --- what a template says


def test_summary_and_validation(stacks):
    what = template(
        {"Runner": role({"RoleName": "r"}), "Log": group(), "Other": group()},
        Description="what it says",
        Metadata={"k": "v"},
        Parameters={
            "Word": {"Type": "String", "AllowedValues": ["one", "two"], "Default": "one", "Description": "a word"},
            "Secret": {"Type": "String", "NoEcho": True},
        },
    )
    told = stacks.api.get_template_summary(TemplateBody=json.dumps(what))
    assert told["Description"] == "what it says" and told["Version"] == "2010-09-09" and json.loads(told["Metadata"]) == {"k": "v"}
    assert told["Capabilities"] == ["CAPABILITY_NAMED_IAM"] and "AWS::IAM::Role" in told["CapabilitiesReason"]
    assert sorted(set(told["ResourceTypes"])) == ["AWS::IAM::Role", "AWS::Logs::LogGroup"]
    by_name = {p["ParameterKey"]: p for p in told["Parameters"]}
    assert by_name["Word"] == {
        "ParameterKey": "Word", "ParameterType": "String", "DefaultValue": "one", "NoEcho": False, "Description": "a word",
        "ParameterConstraints": {"AllowedValues": ["one", "two"]},
    }  # fmt: skip
    assert by_name["Secret"]["NoEcho"] is True and "DefaultValue" not in by_name["Secret"]
    told = stacks.api.validate_template(TemplateBody=json.dumps(what))
    assert {p["ParameterKey"] for p in told["Parameters"]} == {"Word", "Secret"}
    assert told["Capabilities"] == ["CAPABILITY_NAMED_IAM"]


def test_the_template_comes_back_as_it_was_given(stacks):
    name = unique("back")
    stacks.create(name, EVERYTHING)
    told = stacks.api.get_template(StackName=name, TemplateStage="Original")
    assert told["TemplateBody"] == EVERYTHING and set(told["StagesAvailable"]) == {"Original", "Processed"}
    assert stacks.api.get_template_summary(StackName=name)["ResourceTypes"]
    name = unique("backjson")
    stacks.create(name, template({"A": group()}))
    assert stacks.api.get_template(StackName=name)["TemplateBody"] == template({"A": group()})


def test_a_table_with_an_expiry_that_is_off(stacks, others):
    name = unique("expiry")

    def what(attribute: str, enabled: Any) -> dict[str, Any]:
        return template({"Rows": table("id", {"TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": enabled}})})

    def expires() -> Any:
        return others.dynamodb.describe_time_to_live(TableName=stacks.physical(name, "Rows"))["TimeToLiveDescription"].get("AttributeName")

    stacks.create(name, what("until", False))
    assert expires() is None
    stacks.update(name, what("until", "true"))
    assert expires() == "until"
    stacks.update(name, what("later", True))
    assert expires() == "later"


def test_a_bucket_and_its_policy_are_replaced_together(stacks, others):
    name = unique("pair")

    def what(data: str) -> dict[str, Any]:
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": sub("${Data.Arn}/*")}
        policy = {"Bucket": ref("Data"), "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
        return template({"Data": bucket({"BucketName": data}), "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy}})

    stacks.create(name, what(f"{name}-1"))
    stacks.update(name, what(f"{name}-2"))
    assert others.buckets(name) == [f"{name}-2"]
    assert f"{name}-2" in others.s3.get_bucket_policy(Bucket=f"{name}-2")["Policy"]
    bad = what(f"{name}-3")
    bad["Resources"]["Bad"] = refused(DependsOn="Policy")
    stacks.update(name, bad, ends="UPDATE_ROLLBACK_COMPLETE")
    assert others.buckets(name) == [f"{name}-2"]
    stacks.delete(name)
    assert others.buckets(name) == []
