"""The matrix: (client) x (upstream) x (feature), with all tokens healthy and with two of three broken.

All cases share one scripted provider and one gateway. Each has three tokens of its own, which no other case knows of,
and a model name of its own, which the gateway's route turns into the upstream's. `../upstreams.json` describes the
upstreams: a new one is an entry there.
"""

import dataclasses
import json
import pathlib

from processes import Gateway, Upstream
from world import CLIENT_KEY

UPSTREAMS = json.loads((pathlib.Path(__file__).parent.parent / "upstreams.json").read_text())


def _status(status, **more):
    return {"faults": [{"kind": "status", "status": status, **more}]}


# Two ways to be broken; which pair a case gets depends on its place, so that all are met.
PAIRS = [
    (_status(401), _status(429, headers={"retry-after": "30"})),
    (_status(500), _status(403)),
    ({"faults": [{"kind": "reset"}]}, _status(402)),
    ({"faults": [{"kind": "error_in_200"}]}, {"quota": {"requests": 0}}),
    (_status(503), {"faults": [{"kind": "error_first_event"}]}),
    ({"faults": [{"kind": "empty_stream"}]}, {"faults": [{"kind": "garbage_body"}]}),
]
HEALTHY, BROKEN = "healthy", "two-of-three-broken"


@dataclasses.dataclass(frozen=True)
class Case:
    """One cell: `scripts`, if any, say how all three tokens behave."""

    client: str
    upstream: str
    feature: str
    world: str
    number: int
    embeddings: bool = False
    scripts: object = None

    @property
    def model(self):
        """What the client names."""
        return f"case-{self.number}"

    @property
    def tokens(self):
        """The two that are asked first, and the third."""
        return [f"sk-{word}-{self.number:06}-0000000000000000" for word in ("first", "second", "third")]

    def behaviour(self):
        if self.scripts is not None:
            return dict.fromkeys(self.tokens, self.scripts)
        if self.world == HEALTHY:
            return dict.fromkeys(self.tokens, {})
        bad = PAIRS[self.number % len(PAIRS)]
        return dict(zip(self.tokens, [*bad, {}]))

    def id(self):
        return "-".join([self.client, "to", self.upstream, self.feature, *([self.world] if self.scripts is None else [])])


def _filled(value, url):
    if isinstance(value, dict):
        return {key: _filled(one, url) for key, one in value.items()}
    if isinstance(value, str):
        return value.replace("{url}", url).replace("{address}", url.removeprefix("http://"))
    return value


class Matrix:
    """The provider and the gateway that serve all cases."""

    def __init__(self, cases, speakers):
        self.upstream = Upstream({token: script for case in cases for token, script in case.behaviour().items()})
        providers, routes = [], []
        for case in cases:
            entry = UPSTREAMS[case.upstream]
            model = entry["embeddings" if case.embeddings else "model"]
            weights = [1_000_000, 1_000_000, 1]
            tokens = [{"token": token, "weight": weight} for token, weight in zip(case.tokens, weights)]
            provider = _filled(entry["provider"], self.upstream.url)
            providers.append({"id": case.model, **provider, "apiTokens": tokens})
            tier = [{"provider": case.model, "model": model}]
            routes.append({"match": {"models": [case.model]}, "tiers": [tier], "maxWait": "100ms"})
        clients = [{"name": "test", "key": CLIENT_KEY}]
        try:
            self.gateway = Gateway({"providers": providers, "routes": routes, "clients": clients})
        except BaseException:
            self.upstream.stop()
            raise
        self.url = self.gateway.url
        self.speakers = {name: speaker(self.url) for name, speaker in speakers.items()}

    def speaker(self, client):
        """The client of this name. One for all its cases: they cost more to make than to use."""
        return self.speakers[client]

    def seen(self, case):
        """What the provider saw of this case."""
        return [one for one in self.upstream.seen() if one["token"] in case.tokens]

    def close(self):
        code, log = self.gateway.stop()
        self.upstream.stop()
        assert "panicked" not in log, log
        assert CLIENT_KEY not in log and "sk-first" not in log, "a secret was logged"
        assert code == 0, f"the gateway ended with {code}:\n{log}"

    def check(self, case):
        """What must hold after every case."""
        seen = self.seen(case)
        assert CLIENT_KEY not in json.dumps(seen), "the client's key reached the provider"
        if case.upstream == "responses" and not case.embeddings:
            assert all(one["path"] == "/v1/responses" for one in seen), "whatever the caller speaks"
        by_token = [one["token"] for one in seen]
        if case.scripts is None and case.world == BROKEN and by_token:
            bad, good = case.tokens[:2], case.tokens[2]
            assert sorted(token for token in by_token if token != good) == sorted(bad), "each broken token once, no more"
            assert by_token[2:] == [good] * (len(by_token) - 2)
        if case.scripts is None and case.world == HEALTHY:
            assert all(one["status"] == 200 for one in seen)
