"""Run a few actors through every order of their steps.

A step is one touch of what actors share: a row of the session store, an entry of a cache, the cookies of a browser.
Each actor runs in its own thread, and exactly one thread runs at any time: it stops before each touch until the
scheduler lets it continue. So a run is decided by a list of choices, and is repeated exactly by the same list.

All orders are visited depth first. Two orders that lead to the same state are continued only once. A state consists of
the shared world and of what each actor has learned so far: the results of its touches. An actor is deterministic, so
its future depends on nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Abandoned(BaseException):
    """End an actor whose run is not continued."""


class Shared(Protocol):
    """What the actors share."""

    def reset(self) -> None:
        """Return to the state at the beginning."""

    def enter(self, actor: Actor) -> None:
        """Prepare the process for the actor that runs next."""

    def snapshot(self) -> object:
        """Return a hashable value that is equal for equal states."""

    def glance(self) -> object:
        """Return what code may read without a step, such as a clock: it learns this with each step."""


@dataclass
class Actor:
    """One participant. ``play`` is called with the actor, and touches the world by :meth:`touch`."""

    name: str
    play: Callable[[Actor], None]
    #: what it did and saw: the laws are about this
    trace: dict[str, Any] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    is_over: bool = True
    glance: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        # Each side waits at its lock for the other. A plain lock is faster than a semaphore.
        self._mine, self._main = threading.Lock(), threading.Lock()
        self._mine.acquire()
        self._main.acquire()
        self._is_abandoned = self._is_closed = False
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Run up to the first touch."""
        self.trace, self.history, self.is_over, self._is_abandoned = {}, [], False, False
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, daemon=True, name=self.name)
            self._thread.start()
        self.proceed()

    def proceed(self) -> None:
        """Run the pending touch, and everything up to the next one."""
        self._mine.release()
        self._main.acquire()

    def abandon(self) -> None:
        """End the actor at its pending touch."""
        if not self.is_over:
            self._is_abandoned = True
            self.proceed()

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._is_closed = True
            self._mine.release()
            self._thread.join()

    def touch(self, what: str, operation: Callable[[], Any]) -> Any:
        """Wait for the turn, then run ``operation``. Its result, or its exception, is what the actor learns."""
        if not self._is_abandoned:  # else this is cleanup of an abandoned run
            self._main.release()
            self._mine.acquire()
        if self._is_abandoned:
            raise Abandoned
        try:
            found = operation()
        except Exception as error:
            self._learn(f"{what}: {type(error).__name__}")
            raise
        self._learn(f"{what}: {found!r}")
        return found

    def _learn(self, what: str) -> None:
        glance = self.glance()
        self.history.append(what if glance is None else f"{what} {glance}")

    def _serve(self) -> None:
        while True:
            self._mine.acquire()
            if self._is_closed:
                return
            try:
                self.play(self)
            except Abandoned:
                pass
            except Exception as error:
                self.trace["raised"] = error
            self.is_over = True
            self._main.release()


@dataclass
class Found:
    """The result of an exploration."""

    orders: int = 0
    states: int = 0
    runs: int = 0
    #: the broken laws, each with the first order that breaks it
    broken: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class _Frame:
    state: object
    choices: list[int]
    orders: int = 0


class Explorer:
    """Visit all orders of ``actors``. ``check`` is called at each end and returns the laws that are broken.

    With ``merging=False``, equal states are not merged: every order is run. It is for tests of this class.
    """

    def __init__(
        self,
        world: Shared,
        actors: Sequence[Actor],
        check: Callable[[Sequence[Actor]], Iterable[str]],
        *,
        merging: bool = True,
    ) -> None:
        self.world, self.actors, self.check, self.merging = world, list(actors), check, merging
        self.found = Found()
        self._orders_after: dict[object, int] = {}
        for actor in self.actors:
            actor.glance = world.glance

    def explore(self) -> Found:
        """Visit all orders, and return what was found."""
        try:
            return self._explore()
        finally:
            for actor in self.actors:
                actor.close()

    def _explore(self) -> Found:
        path: list[int] = []
        frames: list[_Frame] = []
        while True:
            self._replay(path)
            below = self._descend(path, frames)
            while frames:
                frames[-1].orders += below
                if frames[-1].choices:
                    path[len(frames) - 1 :] = [frames[-1].choices.pop()]
                    break
                done = frames.pop()
                below = self._orders_after[done.state] = done.orders
            else:
                self.found.orders = below
                self.found.states = len(self._orders_after)
                return self.found

    def _replay(self, path: Sequence[int]) -> None:
        self.found.runs += 1
        self.world.reset()
        for actor in self.actors:
            self.world.enter(actor)
            actor.begin()
        for choice in path:
            self._step(choice)

    def _step(self, choice: int) -> None:
        actor = self.actors[choice]
        self.world.enter(actor)
        actor.proceed()

    def _descend(self, path: list[int], frames: list[_Frame]) -> int:
        """Continue to an end, or to a state that was visited before, and return the number of orders after it."""
        while True:
            state = self._state() if self.merging else tuple(path)
            if state in self._orders_after:
                break
            ready = [index for index, actor in enumerate(self.actors) if not actor.is_over]
            if not ready:
                self._orders_after[state] = 1
                for law in self.check(self.actors):
                    self.found.broken.setdefault(law, self._order(path))
                break
            choice = ready.pop(0)
            frames.append(_Frame(state, ready))
            path.append(choice)
            self._step(choice)
        for actor in self.actors:
            self.world.enter(actor)
            actor.abandon()
        return self._orders_after[state]

    def _state(self) -> object:
        learned = tuple((actor.is_over, *actor.history) for actor in self.actors)
        return hash((self.world.snapshot(), learned))

    def _order(self, path: Sequence[int]) -> list[str]:
        """The order as text: which actor touched what, and what it found."""
        steps = {actor.name: iter(actor.history) for actor in self.actors}
        names = [self.actors[choice].name for choice in path]
        return [f"{name}: {next(steps[name])}" for name in names]
