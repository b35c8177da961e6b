#include "services/sagemaker/serving.h"

namespace mdlc::services::sagemaker {

// As AWS's containers do it: workers that each load the model and take one request at a time; one that dies, or is
// stuck in a request beyond its time, is replaced. Without numpy only str, bytes and what json prints go out.
std::string_view script_server() {
  return R"python(import importlib, inspect, io, json, os, signal, socket, sys, time, traceback
from http.server import BaseHTTPRequestHandler

SOCKET, CODE, SCRIPT, FRAMEWORK = sys.argv[1:5]
MODEL_DIR = "/opt/ml/model"
JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
WORKERS = int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or os.environ.get("MODEL_SERVER_WORKERS") or os.cpu_count() or 1)
# A batch transform has its own bound; an endpoint's caller is told after so long, and the worker goes a moment later.
TIMEOUT_S = int(os.environ.get("SAGEMAKER_MODEL_SERVER_TIMEOUT") or ("0" if "SAGEMAKER_BATCH" in os.environ else "60"))
BACKLOG = 1024


class Unsupported(Exception):
    def __init__(self, status, what):
        super().__init__(what)
        self.status = status


def media_type(text):
    return text.split(";")[0].strip().lower()


def decode(data, content_type):
    import numpy
    kind = media_type(content_type)
    if kind == NPY:
        return numpy.load(io.BytesIO(data), allow_pickle=False)
    if kind == JSON:
        return numpy.array(json.loads(data))
    if kind == CSV:
        return numpy.genfromtxt(io.StringIO(data), dtype=None, delimiter=",", encoding="utf-8", ndmin=2)
    raise Unsupported(415, f"Content type {content_type} is not supported by the default input_fn")


def encode(value, accept):
    for kind in [media_type(a) for a in accept.split(",")]:
        if kind in (JSON, "*/*", "application/*"):
            return json.dumps(value, default=lambda o: o.tolist()), JSON
        if kind == CSV:
            import numpy
            out = io.StringIO()
            numpy.savetxt(out, value, delimiter=",", fmt="%s")
            return out.getvalue(), CSV
        if kind == NPY:
            import numpy
            out = io.BytesIO()
            numpy.save(out, value)
            return out.getvalue(), NPY
    raise Unsupported(406, f"Accept type {accept} is not supported by the default output_fn")


def default_input_fn(data, content_type):
    if FRAMEWORK == "xgboost":
        return xgboost_input(data, content_type)
    made = decode(data, content_type)
    return made.astype("float32") if media_type(content_type) in (JSON, CSV) else made


def xgboost_input(data, content_type):
    import xgboost
    if media_type(content_type) in ("text/libsvm", "text/x-libsvm"):
        import tempfile
        with tempfile.NamedTemporaryFile("wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
            file.flush()
            return xgboost.DMatrix(file.name + "?format=libsvm")
    return xgboost.DMatrix(decode(data, content_type))


def default_predict_fn(data, model):
    if FRAMEWORK == "xgboost" and hasattr(model, "get_dump"):
        return model.predict(data, validate_features=False)
    return model.predict(data)


class Context:
    """What a handler with one parameter more is given: the request's header fields, as the model server of AWS's has them."""

    def __init__(self, headers=None):
        self._headers = headers or {}
        self.system_properties = {"model_dir": MODEL_DIR, "gpu_id": None}
        self.response_headers = {}

    def get_request_header(self, index, name):
        return self._headers.get(name)

    def get_all_request_header(self, index):
        return dict(self._headers)

    def set_response_content_type(self, index, value):
        self.response_headers["Content-Type"] = value

    def set_response_header(self, index, name, value):
        self.response_headers[name] = value


def call(function, context, *arguments):
    if len(inspect.signature(function).parameters) == len(arguments) + 1:
        return function(*arguments, context)
    return function(*arguments)


class Handlers:
    def __init__(self):
        sys.path.insert(0, CODE)
        name = SCRIPT[:-3] if SCRIPT.endswith(".py") else SCRIPT
        module = importlib.import_module(name.replace("/", "."))
        find = lambda n, otherwise=None: getattr(module, n, otherwise)
        self.transform_fn = find("transform_fn")
        if self.transform_fn and (find("input_fn") or find("predict_fn") or find("output_fn")):
            raise ValueError("Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, and/or output_fn implementation")
        self.input_fn = find("input_fn", default_input_fn)
        self.predict_fn = find("predict_fn", default_predict_fn)
        self.output_fn = find("output_fn", encode)
        load = find("model_fn")
        if load is None:
            raise NotImplementedError(f"Please provide a model_fn implementation in {SCRIPT}")
        self.model = call(load, Context(), MODEL_DIR)

    def answer(self, headers, body):
        kind = headers.get("Content-Type") or JSON
        accept = headers.get("Accept")
        if not accept or accept == "*/*":
            accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or JSON
        data = body.decode("utf-8") if media_type(kind) in (JSON, CSV) else body
        context = Context(headers)
        if self.transform_fn:
            made = call(self.transform_fn, context, self.model, data, kind, accept)
        else:
            made = call(self.input_fn, context, data, kind)
            made = call(self.predict_fn, context, made, self.model)
            made = call(self.output_fn, context, made, accept)
        if isinstance(made, tuple) and len(made) == 2:
            made, accept = made
        elif hasattr(made, "get_data") and hasattr(made, "mimetype"):
            made, accept = made.get_data(), made.mimetype
        elif hasattr(made, "response") and hasattr(made, "mimetype"):
            made, accept = made.response, made.mimetype
        accept = context.response_headers.get("Content-Type", accept)
        if isinstance(made, str):
            made = made.encode("utf-8")
        elif not isinstance(made, (bytes, bytearray)):
            made = json.dumps(made, default=lambda o: o.tolist()).encode("utf-8")
        return bytes(made), accept


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    handlers = None

    def log_message(self, *_):
        pass

    def send(self, status, body=b"", kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def do_GET(self):
        self.send(200 if self.path.split("?")[0] == "/ping" else 404)

    def do_POST(self):
        if self.path.split("?")[0] != "/invocations":
            return self.send(404)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if TIMEOUT_S:
            signal.alarm(TIMEOUT_S + 1)
        try:
            made, kind = self.handlers.answer(self.headers, body)
            status = 200
        except Unsupported as problem:
            status, made, kind = problem.status, str(problem).encode(), "text/plain"
        except Exception as problem:
            traceback.print_exc()
            status = getattr(problem, "status_code", 500)
            made = (str(getattr(problem, "message", "")) or traceback.format_exc()).encode("utf-8", "replace")
            kind = "text/plain"
        finally:
            signal.alarm(0)
        self.send(status, made, kind)


def work(listening, ready):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process, whatever it is in
    Request.handlers = Handlers()
    # Nobody is let in before a model is there: that is the health check's answer.
    listening.listen(BACKLOG)
    os.write(ready, b"r")
    while True:
        connection, _ = listening.accept()
        try:
            with connection:
                connection.settimeout(60)
                Request(connection, ("unix", 0), None)
        except OSError:
            pass


def fork(listening):
    """A worker, and the end of a pipe that tells when it is ready."""
    told, ready = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(told)
        try:
            work(listening, ready)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
    os.close(ready)
    return worker, told


def stop_with(code, workers):
    for worker in workers:
        try:
            os.kill(worker, signal.SIGTERM)
        except OSError:
            pass
    os._exit(code)


def main():
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(SOCKET)
    workers = dict(fork(listening) for _ in range(max(1, WORKERS)))

    signal.signal(signal.SIGTERM, lambda *_: stop_with(0, workers))
    any_was_ready = False
    while True:
        ended, _ = os.wait()
        told = workers.pop(ended)
        was_ready = bool(os.read(told, 1))
        os.close(told)
        any_was_ready = any_was_ready or was_ready
        if not was_ready and not any_was_ready:
            stop_with(1, workers)  # the model cannot be loaded
        if not was_ready:
            time.sleep(1)  # not at once again
        workers.update([fork(listening)])


main()
)python";
}

}  // namespace mdlc::services::sagemaker
