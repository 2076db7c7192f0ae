"""One provider with three tokens, the gateway in front of it, and a real client that talks to the gateway.

Every call of the client carries an id that reaches the provider, so that at the end of each test it can be checked
for every single call: no token saw it twice, the gateway counted its attempts right, the client's own key went
nowhere, and nothing is left in flight.
"""

import json
import uuid

import openai

from processes import Gateway, Upstream, wait_until

CLIENT_KEY = "ck-door-key-of-the-test-client-0001"
CALL_ID = "x-test-call"
GOOD = "sk-good-token-000000000000"
TOKENS = ["sk-bad-one-0000000000000000", "sk-bad-two-0000000000000000", GOOD]

# Facts about the credential: what was refused so was not done, whatever the operation.
REFUSALS = {
    "401": {"faults": [{"kind": "status", "status": 401}]},
    "402": {"faults": [{"kind": "status", "status": 402}]},
    "no-quota": {"quota": {"requests": 0}},
    "403": {"faults": [{"kind": "status", "status": 403}]},
    "429": {"faults": [{"kind": "status", "status": 429, "headers": {"retry-after": "30"}}]},
}
# Guesses: something may have been done.
AMBIGUOUS = {
    "500": {"faults": [{"kind": "status", "status": 500}]},
    "reset": {"faults": [{"kind": "reset"}]},
    "stall": {"faults": [{"kind": "stall_head"}]},
}
BROKEN = {**REFUSALS, **AMBIGUOUS}
HEALTHY = "healthy"


class Call:
    """One HTTP request of the client to the gateway."""

    def __init__(self, request):
        self.id = request.headers[CALL_ID]
        self.response = None

    @property
    def attempts(self):
        """What the gateway says; none when it answered without a provider or has not answered."""
        said = self.response and self.response.headers.get("x-claviger-attempts")
        return None if said is None else int(said)


class World:
    def __init__(self, tokens=None, kind=None, route=None, routes=None, clients=True, first=None, upstream=None):
        """`tokens`: how each behaves; without, three are healthy. `first`: those that are chosen as long as nothing
        speaks against them. `upstream`: the provider of another world, instead of a new one."""
        self.kind = kind or (HEALTHY if tokens is None else "mixed")
        self.tokens = tokens if tokens is not None else dict.fromkeys(TOKENS, {})
        self.calls = []
        # a token that named the moment to come back may be asked again by the same request
        self.may_ask_again = False
        self._closing = []
        entry = lambda token: {"token": token, "weight": 1_000_000 if token in (first or ()) else 1}
        self.upstream = upstream or Upstream(self.tokens)
        self._borrowed = upstream is not None
        provider = {
            "id": "main",
            "type": "openai",
            "openaiCustomUrl": self.upstream.url + "/v1",
            "apiTokens": [entry(token) for token in self.tokens],
        }
        config = {
            "providers": [provider],
            "routes": routes or [{"match": {"models": ["*"]}, "tiers": [[{"provider": "main"}]], **(route or {})}],
        }
        if clients:
            config["clients"] = [{"name": "test", "key": CLIENT_KEY}]
        try:
            self.gateway = Gateway(config)
        except BaseException:
            self._stop_upstream()
            raise

    @classmethod
    def of_kind(cls, kind):
        """All tokens healthy, or two of three broken in this way, and asked first."""
        if kind == HEALTHY:
            return cls()
        tokens = {token: {} if token == GOOD else BROKEN[kind] for token in TOKENS}
        # silence is the only trouble that costs its waiting time
        route = {"firstTokenTimeout": "100ms", "deadline": "5s"} if kind == "stall" else None
        return cls(tokens, kind, route, first=TOKENS[:2])

    # the client

    def client(self, asynchronous=False, **options):
        """An official client whose base URL is the gateway. It does not retry by itself, unless told to."""
        options = {"api_key": CLIENT_KEY, "base_url": self.gateway.url + "/v1", "max_retries": 0, **options}
        if asynchronous:
            async def begin(request):
                self._begin(request)

            async def end(response):
                self._end(response)

            http = openai.DefaultAsyncHttpxClient(event_hooks={"request": [begin], "response": [end]})
            return openai.AsyncOpenAI(http_client=http, **options)
        http = openai.DefaultHttpxClient(event_hooks={"request": [self._begin], "response": [self._end]})
        self._closing.append(http.close)
        return openai.OpenAI(http_client=http, **options)

    def call_id(self):
        """A fresh id, for clients that do not go through HTTP hooks."""
        return str(uuid.uuid4())

    def _begin(self, request):
        request.headers[CALL_ID] = self.call_id()
        request.extensions["call"] = call = Call(request)
        self.calls.append(call)

    def _end(self, response):
        response.request.extensions["call"].response = response

    # what can be known

    def seen(self, call=None):
        """What the provider saw: of this call, or of all."""
        seen = self.upstream.seen()
        return seen if call is None else [one for one in seen if header(one, CALL_ID) == getattr(call, "id", call)]

    def holder(self):
        """The token that served the latest call."""
        return self.seen(self.calls[-1])[-1]["token"]

    def wait_idle(self):
        """Waits until no credential has anything in flight."""
        wait_until(lambda: all(one["in_flight"] == 0 for one in self.gateway.credentials()), "nothing is in flight")

    def wait_left(self):
        """Waits until the provider has noticed that the client of some request left, and returns that request."""
        return wait_until(lambda: next((one for one in self.seen() if one["left_early"]), None), "the client left")

    # the end

    def check(self):
        """What must hold after every test."""
        seen = self.seen()
        by_call = {}
        for one in seen:
            by_call.setdefault(header(one, CALL_ID), []).append(one["token"])
            assert CLIENT_KEY not in json.dumps(one), "the client's key reached the provider"
            assert one["token"] in self.tokens, f"unknown token {one['token']!r}"
        assert None not in by_call, "a request came without the client's own header"
        for call, tokens in by_call.items():
            twice = len(tokens) != len(set(tokens)) and not self.may_ask_again
            assert not twice, f"{call} was sent twice with the same token: {tokens}"
        for call in self.calls:
            if call.attempts is not None:
                tokens = by_call.get(call.id, [])
                assert call.attempts == len(tokens), f"{call.id}: {call.attempts} attempts told, {tokens} seen"
                needless = self.kind == HEALTHY and call.response.is_success and call.attempts != 1
                assert not needless, f"{call.id}: {call.attempts} attempts, all healthy"
        if self.kind in BROKEN:
            assert any(one["token"] != GOOD for one in seen), "no broken token was asked: the test tested nothing"
        self.wait_idle()

    def close(self):
        for close in self._closing:
            close()
        code, log = self.gateway.stop()
        self._stop_upstream()
        assert "panicked" not in log, log
        assert CLIENT_KEY not in log and not any(token in log for token in self.tokens), "a secret was logged"
        assert code == 0, f"the gateway ended with {code}:\n{log}"

    def _stop_upstream(self):
        if not self._borrowed:
            self.upstream.stop()


def header(seen, name):
    """A header of a request the provider saw."""
    return next((value for key, value in seen["headers"] if key == name), None)
