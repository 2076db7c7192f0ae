"""The worlds tests run in. Each is new: what one test teaches the gateway about a token, no other test knows."""

import contextlib

import pytest

from world import AMBIGUOUS, BROKEN, HEALTHY, REFUSALS, World


@contextlib.contextmanager
def _checked(world):
    try:
        yield world
        world.check()
    finally:
        world.close()


@pytest.fixture(params=[HEALTHY, *BROKEN])
def world(request):
    """All tokens healthy, then two of three broken in each way."""
    with _checked(World.of_kind(request.param)) as made:
        yield made


@pytest.fixture(params=[HEALTHY, *REFUSALS])
def careful_world(request):
    """As `world`, for operations that must not be done twice: only refusals prove that nothing was done."""
    with _checked(World.of_kind(request.param)) as made:
        yield made


@pytest.fixture(params=[kind for kind in AMBIGUOUS if kind != "stall"])
def doubtful_world(request):
    """Two of three tokens broken in a way that leaves open whether something was done."""
    with _checked(World.of_kind(request.param)) as made:
        yield made


@pytest.fixture
def make_world():
    """Makes a world to measure."""
    with contextlib.ExitStack() as worlds:
        yield lambda *args, **kwargs: worlds.enter_context(_checked(World(*args, **kwargs)))
