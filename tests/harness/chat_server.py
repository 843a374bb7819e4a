"""A small real server on 127.0.0.1 that speaks the chat-completions protocol, with manners."""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Asked = dict[str, str]
"""Parts of a question to the judge by name, and `system`."""
Manner = Callable[[Asked], str]
"""What a judge says."""
_PART = re.compile(r"<([A-Z]+) ([0-9a-f]{12})>\n(.*?)\n</\1 \2>", re.DOTALL)


def says(verdict: str, reason: str = "Because.") -> str:
    """A reply in the form that is asked for."""
    return json.dumps({"reason": reason, "verdict": verdict})


def honest(asked: Asked) -> str:
    """Right where the answer says what the reference says."""
    if "FIRST" in asked:
        shorter = len(asked["FIRST"]) < len(asked["SECOND"])
        return says("first" if shorter else "second")
    return says("right" if asked["REFERENCE"] in asked["ANSWER"] else "not right")


def always_yes(asked: Asked) -> str:
    """Everything is right."""
    return says("right")


def position_biased(asked: Asked) -> str:
    """Whatever stands first is better."""
    return says("first") if "FIRST" in asked else honest(asked)


class ChatServer:
    """Keeps what it was asked.

    Args:
        manner: what it says.
        status: of every reply; 200 answers.
        busy: how many requests it turns away with status 429 before it answers.
        ends: why its answers end.
    """

    def __init__(
        self, manner: Manner = honest, *, status: int = 200, busy: int = 0, ends: str = "stop"
    ) -> None:
        self.manner, self.status, self.busy, self.ends = manner, status, busy, ends
        self.slow_about = ""
        """It takes its time where this is in the question."""
        self.refuses = ""
        """It will not have a question that holds this: status 400."""
        self.says: object = {}
        """Body of an error."""
        self.not_taken: dict[str, dict] = {}
        """Parameters that its model does not take, with the body of the error: status 400."""
        self.gone = threading.Event()
        self.requests: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.web = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.web.daemon_threads = True
        self.host = f"127.0.0.1:{self.web.server_port}"
        self.endpoint = f"openai:http://{self.host}/v1#judge-model"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, reply = server.reply(self.path, body, dict(self.headers))
                raw = reply.encode() if isinstance(reply, str) else json.dumps(reply).encode()
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "0")
                if status == 302:
                    self.send_header("Location", f"http://{server.host}/elsewhere")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # who asked may have given up
                    self.wfile.write(raw)

            def do_GET(self):
                server.requests.append({"GET": self.path})
                self.send_error(404)

            def log_message(self, *given):
                pass

        return Handler

    def reply(self, path: str, body: dict, headers: dict[str, str]) -> tuple[int, object]:
        """Status and body."""
        with self.lock:
            self.requests.append(body)
            self.headers.append(headers)
            self.busy -= 1
            if self.busy >= 0:
                return 429, {}
        if self.status != 200 or path != "/v1/chat/completions":
            return (self.status if self.status != 200 else 404), self.says
        if self.refuses and self.refuses in json.dumps(body):
            return 400, self.says
        for name in self.not_taken.keys() & body.keys():
            return 400, self.not_taken[name]
        if self.slow_about and self.slow_about in json.dumps(body):
            self.gone.wait(30)
        system, user = body["messages"][0]["content"], body["messages"][-1]["content"]
        asked = {name: text for name, _, text in _PART.findall(user)} | {"system": system}
        with self.lock:
            self.asked.append(asked)
        text = self.manner(asked)
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": self.ends}
        return 200, {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}


@contextmanager
def chat_server(*given, **more) -> Iterator[ChatServer]:
    """The server, gone at the end."""
    server = ChatServer(*given, **more)
    thread = threading.Thread(target=server.web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.gone.set()
        server.web.shutdown()
        server.web.server_close()
        thread.join()
