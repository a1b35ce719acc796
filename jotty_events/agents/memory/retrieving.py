"""Retrieving: which entries answer a query, by words, by a model, or (in version 1) by value alone.

Invariants: every entry that is given out counts as accessed, in the same commit as the query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from projections.memory import MemoryEntry, OwnerMemory

from ...config import JottyConfig
from ...events import MemoriesRetrieved, MemoryAccessed, SaidRelevant
from ...rules.memory import entries as memory
from ...rules.memory import prerank, recall
from ...session import Session, Transaction
from .goals import GoalReader
from .questions import Questions

Place = tuple[str, str]
"""Level and key of an entry."""


@dataclass(frozen=True)
class Query:
    """What is asked, for which goal, and how many tokens of answer are wanted.

    `named`: all entries that are looked at are what is asked for by its name, and so entirely relevant.
    """

    text: str
    goal: str
    budget: int
    named: bool = False


@dataclass
class Found:
    """The entries that answer, the best first, and how relevance was told."""

    entries: list[MemoryEntry]
    answers: list[recall.Recall[Place]]
    by: str
    values: list[float] = field(default_factory=list)


class Retrieving:
    """Answers queries from one owner's entries."""

    def __init__(self, owner: str, config: JottyConfig, session: Session, questions: Questions) -> None:
        self._owner = owner
        self._config = config
        self._session = session
        self._questions = questions
        self._goals = GoalReader(session, owner, config)

    @property
    def _owned(self) -> OwnerMemory:
        owned: OwnerMemory = self._session.view("memory").of(self._owner)
        return owned

    def retrieve(
        self,
        query: Query,
        entries: Sequence[MemoryEntry],
        searched: Sequence[str],
        said: Mapping[Place, float] | None = None,
    ) -> list[MemoryEntry]:
        """Return those of the entries that answer a query; nothing is counted where there are none to look at.

        `said` is how relevant a model found them, where it was asked before.
        """
        if not entries:
            return []
        said = self._by_model(query, self._shortlist(query, entries)) if said is None else said
        with self._session.transaction() as commit:
            still = {(one.level, one.key) for one in entries if one.key in self._owned[one.level]}
            here = [one for one in entries if (one.level, one.key) in still]
            found = self._by_value(query, here, said, commit.now) if self._old else self._by_words(query, here, said)
            found.values = [self._value(entry, query.goal) for entry in found.entries]
            self._note(commit, query, found, searched, said)
        return found.entries

    @property
    def _old(self) -> bool:
        return self._session.rules < 2

    def _value(self, entry: MemoryEntry, goal: str) -> float:
        return self._goals.value(entry, goal).value

    def _shortlist(self, query: Query, entries: Sequence[MemoryEntry]) -> list[MemoryEntry]:
        """Return the entries that a model is asked about: those that rank first without it."""
        if not self._questions.answerable or (query.named and not self._old):
            return []
        most = self._config.rag_max_candidates
        if self._old:
            now = self._session.clock()
            first = prerank.candidates(self._rankable(query, entries).values(), now=now, limit=most)
            places = [one.key for one in first]
        else:
            ranked = recall.rank(query.text, self._recallable(query, entries), threshold=0.0, limit=most)
            places = [one.key for one in ranked]
        by_place = {(one.level, one.key): one for one in entries}
        return [by_place[place] for place in places]

    def _by_model(self, query: Query, entries: Sequence[MemoryEntry]) -> dict[Place, float]:
        """Ask a model how relevant entries are, some at a time; whatever it does not say is left out."""
        said: dict[Place, float] = {}
        size = self._config.rag_window_size
        for window in (entries[i : i + size] for i in range(0, len(entries), size)):
            found = self._questions.relevances(query.text, window) or {}
            said |= {(window[i].level, window[i].key): near for i, near in found.items()}
        return said

    def _by_words(self, query: Query, entries: Sequence[MemoryEntry], said: Mapping[Place, float]) -> Found:
        by_place = {(one.level, one.key): one for one in entries}
        near = dict.fromkeys(by_place, 1.0) if query.named else said
        threshold = self._config.rag_relevance_threshold
        answers = recall.rank(query.text, self._recallable(query, entries), threshold=threshold, said=near)
        chosen = recall.first_within([(one, by_place[one.key].token_count) for one in answers], query.budget)
        by = "names" if query.named else "model" if said else "words"
        return Found([by_place[one.key] for one in chosen], chosen, by)

    def _recallable(self, query: Query, entries: Sequence[MemoryEntry]) -> list[recall.Memory[Place]]:
        return [
            recall.Memory(
                (entry.level, entry.key),
                [entry.content, *entry.goal_values],
                self._value(entry, query.goal),
                entry.nth,
            )
            for entry in entries
        ]

    def _by_value(self, query: Query, entries: Sequence[MemoryEntry], said: Mapping[Place, float], now: float) -> Found:
        config = self._config
        rankable = self._rankable(query, entries)
        first = prerank.candidates(rankable.values(), now=now, limit=config.rag_max_candidates)
        found = prerank.rank_candidates(first, said, threshold=config.rag_relevance_threshold)
        if config.enable_deduplication:
            found = prerank.without_doubles(found)
        by_place = {(one.level, one.key): one for one in entries}
        chosen = [answer for _, answer in prerank.within(found, query.budget)]
        return Found([by_place[one.key] for one in chosen], chosen, "model" if said else "none")

    def _rankable(self, query: Query, entries: Sequence[MemoryEntry]) -> dict[Place, prerank.Rankable[Place]]:
        return {
            (entry.level, entry.key): prerank.Rankable(
                (entry.level, entry.key),
                entry.level,
                entry.value(query.goal),
                self._value(entry, query.goal),
                entry.default_value,
                entry.access_count,
                entry.last_accessed,
                entry.token_count,
                entry.content_hash,
                len(entry.content),
            )
            for entry in entries
        }

    def _note(
        self, commit: Transaction, query: Query, found: Found, searched: Sequence[str], said: Mapping[Place, float]
    ) -> None:
        commit.add(
            MemoriesRetrieved(
                **self._session.provenance,
                owner=self._owner,
                query=memory.truncate(query.text, self._config.max_entry_tokens).content,
                goal=query.goal,
                searched=list(searched),
                budget=query.budget,
                now=commit.now,
                relevance_by=found.by,
                said=[SaidRelevant(level=level, key=key, relevance=near) for (level, key), near in said.items()],
                relevances=[one.relevance for one in found.answers],
                values=found.values,
                levels=[entry.level for entry in found.entries],
                keys=[entry.key for entry in found.entries],
                scores=[one.score for one in found.answers],
                # Version 1 counts queries, version 2 the entries that they gave out.
                total_accesses=self._owned.total_accesses + self._old,
            )
        )
        self.count(commit, found.entries, query.goal, self._owned.total_accesses)

    def count(self, commit: Transaction, entries: Sequence[MemoryEntry], goal: str, total: int) -> None:
        """Count entries as retrieved; `total` accesses were counted of this owner before."""
        for entry in entries:
            commit.add(
                MemoryAccessed(
                    **self._session.provenance,
                    owner=entry.owner,
                    level=entry.level,
                    key=entry.key,
                    goal=goal,
                    cause="retrieved",
                    now=commit.now,
                    access_count=entry.access_count + 1,
                    ucb_visits=entry.ucb_visits + 1,
                    total_accesses=total if self._old else self._owned.total_accesses + 1,
                    nth=entry.nth,
                )
            )
