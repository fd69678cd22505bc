"""Calls that many threads make at the same moment, made as one.

While a call of its kind is under way others gather; the next takes all of them along. Nobody waits for company: who
comes alone leaves alone at once, so it costs nothing while there is little to do and saves most where there is much.
"""

import os
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

_all: "WeakSet[Together[Any, Any]]" = WeakSet()


def _begin_all_anew() -> None:
    for one in _all:
        one._begin_anew()


os.register_at_fork(after_in_child=_begin_all_anew)

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class _Turn(Generic[Asked, Answer]):
    """One thread's question, and the door it waits at until it is answered or told to lead."""

    __slots__ = ("answer", "asked", "door", "error", "kind", "leads")

    def __init__(self, asked: Asked, kind: Hashable) -> None:
        self.asked = asked
        self.kind = kind
        self.answer: Answer | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.door = Lock()
        self.door.acquire()

    def told(self) -> Answer:
        if self.error is not None:
            raise self.error
        return self.answer  # type: ignore[return-value]  # answered, for it is neither waiting nor failed


class Together(Generic[Asked, Answer]):
    """`ask` answers several questions of one kind at once, in their order; what it raises all of them get.

    Questions of different `kind` are never put together. Of each kind one call is under way at a time, of all kinds
    `at_once`; `most` is how many questions go in one. After one of the errors `apart` each is asked alone, so that one
    that cannot be answered does not take the others along.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Asked]], Sequence[Answer]],
        kind: Callable[[Asked], Hashable],
        most: int,
        at_once: int = 1,
        apart: tuple[type[Exception], ...] = (),
    ) -> None:
        self._ask = ask
        self._kind = kind
        self._most = most
        self._at_once = at_once
        self._apart = apart
        self._begin_anew()
        _all.add(self)

    def _begin_anew(self) -> None:
        """Nobody waits, nothing is under way: so it is in a process that was forked, whatever this one is at."""
        self._free = self._at_once
        self._lock = Lock()
        self._under_way: set[Hashable] = set()
        self._waiting: deque[_Turn[Asked, Answer]] = deque()

    def __call__(self, asked: Asked) -> Answer:
        """The answer to one question, which may have been asked with others; raises what `ask` raises."""
        turn: _Turn[Asked, Answer] = _Turn(asked, self._kind(asked))
        self._bring([turn])
        return turn.told()

    def all(self, asked: Sequence[Asked]) -> list[Callable[[], Answer]]:
        """The same for several questions of one thread: of each kind they go together. An answer is given to who calls
        for it; that raises what its question failed with."""
        turns: list[_Turn[Asked, Answer]] = [_Turn(one, self._kind(one)) for one in asked]
        for kind in dict.fromkeys(turn.kind for turn in turns):  # never two: their leaders could wait for each other
            self._bring([turn for turn in turns if turn.kind == kind])
        return [turn.told for turn in turns]

    def _bring(self, turns: Sequence[_Turn[Asked, Answer]]) -> None:
        """Until all of them, which are of one kind, are answered. They are in the order in which they wait."""
        with self._lock:
            for turn in turns:
                if self._may_begin(turn):
                    self._begin(turn)
                else:
                    self._waiting.append(turn)
        for place, turn in enumerate(turns):
            if not turn.leads:
                self._wait(turn, turns[place:])
            if turn.leads:
                self._lead(turn)

    def _may_begin(self, turn: _Turn[Asked, Answer]) -> bool:
        return self._free > 0 and turn.kind not in self._under_way

    def _begin(self, turn: _Turn[Asked, Answer]) -> None:
        turn.leads = True
        self._free -= 1
        self._under_way.add(turn.kind)

    def _wait(self, turn: _Turn[Asked, Answer], own: Sequence[_Turn[Asked, Answer]]) -> None:
        """Whom a signal calls away goes without its `own` places, and without the lead it may have been given."""
        try:
            turn.door.acquire()
        except BaseException:
            with self._lock:
                self._waiting = deque(one for one in self._waiting if one not in own)
            if any(one.leads for one in own):
                self._hand_on(turn)
            raise

    def _lead(self, turn: _Turn[Asked, Answer]) -> None:
        company = [turn]
        try:
            company = self._gather(turn)
            self._answer(company)
        except self._apart as error:
            if len(company) == 1:
                turn.error = error
            else:
                self._answer_apart(company)
        except BaseException as error:
            for one in company:
                one.error = error
        finally:
            self._hand_on(turn)
            for one in company:
                if one is not turn:
                    one.door.release()

    def _answer(self, company: Sequence[_Turn[Asked, Answer]]) -> None:
        answers = self._ask([one.asked for one in company])
        for one, answer in zip(company, answers, strict=True):
            one.answer = answer

    def _answer_apart(self, company: Sequence[_Turn[Asked, Answer]]) -> None:
        for one in company:
            try:
                self._answer([one])
            except BaseException as error:
                one.error = error

    def _gather(self, turn: _Turn[Asked, Answer]) -> list[_Turn[Asked, Answer]]:
        """Its leader first, then who waits with a question of the same kind, in the order in which they came."""
        company, left = [turn], deque[_Turn[Asked, Answer]]()
        with self._lock:
            for one in self._waiting:
                (company if one.kind == turn.kind and len(company) < self._most else left).append(one)
            self._waiting = left
        return company

    def _hand_on(self, turn: _Turn[Asked, Answer]) -> None:
        """Of those whose call may begin now, the one who has waited longest leads it."""
        with self._lock:
            self._free += 1
            self._under_way.discard(turn.kind)
            following = next(filter(self._may_begin, self._waiting), None)
            if following is not None:
                self._waiting.remove(following)
                self._begin(following)
                following.door.release()
