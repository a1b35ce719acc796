"""The five-level memory of one owner: reads the live state, asks the rules, appends what they conclude."""

import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from projections.memory import MemoryEntry

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import MemoryConsolidated
from ...rules.memory import entries as memory
from ...session import Session, Transaction, undisturbed
from ...types import LEVELS, SHARED, Clock, Json
from ...values import json_object, text
from ..model import Ask
from ..on_file import OnFile
from ..refusal import require_budget, require_level, require_memory, require_said, require_texts, require_threshold
from .adopting import Adopting
from .consolidating import Consolidating, Finding
from .content import Content
from .loading import Loading
from .portrait import COMPLETE, KNOWN, memory_as_dict
from .protecting import Protecting
from .questions import Questions
from .rate import rate_as_dict
from .remembered import Remembered
from .retrieving import Query, Retrieving
from .room import Room
from .storing import Storing
from .twins import Twins
from .valuing import Valuing


class HierarchicalMemory(Remembered, OnFile):
    """The memories of one owner: "shared", or an agent's name."""

    kind = "memory"
    entries_in = ("memories",)
    known = (*entries_in, *KNOWN)

    def __init__(
        self,
        agent_name: str = SHARED,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock, these draws, this model."""
        super().__init__(agent_name, config, session, clock=clock, rng=rng, model=model)
        parts = agent_name, self.config, self._session
        self._questions = Questions(self._session)
        self._storing = Storing(*parts)
        self._twins = Twins(*parts, self._questions)
        self._retrieving = Retrieving(*parts, self._questions)
        self._consolidating = Consolidating(*parts, self._questions)
        self._protecting = Protecting(*parts)
        self._room = Room(*parts)

    # Values and goals.

    def set_goal_value(self, entry: MemoryEntry, goal: str, value: float) -> None:
        """Give an entry a value for a goal, in [0, 1]; its default value stays. ConfigError for another value."""
        require_memory(entry.content, goal, None, value)
        with self._session.transaction() as commit:
            Valuing(self._session).give(commit, entry, text(goal, "the goal"), float(value), self.value(entry, goal))

    def score_goal(self, goal: str, success: bool) -> None:
        """Note whether an episode reached a goal."""
        with self._session.transaction() as commit:
            self._goals.score(commit, goal, success)

    def know_goal(self, goal: str, domain: str) -> None:
        """Add a goal to the hierarchy, so that values learned for related goals bear on it."""
        with self._session.transaction() as commit:
            self._goals.know(commit, goal, domain)

    # Storing.

    def store(
        self,
        content: str,
        level: str | None = None,
        context: Json | None = None,
        goal: str = "",
        initial_value: float | None = None,
        causal_links: Sequence[str] | None = None,
        domain: str | None = None,
        task_type: str | None = None,
        *,
        outcome: str | None = None,
        agent: str | None = None,
    ) -> MemoryEntry | None:
        """Keep a content; storing known content again counts as an access, and keeps what is new of goal and value.

        Without a level a model is asked, and else it is episodic. `initial_value` is in [0, 1]; 0.5 where nothing is
        given (what was learned, for known content). Returns the entry, None in mode DISABLED. ConfigError for an
        unknown level or an unusable value, NoRoom for a level without capacity, InvalidEvent for a context that JSON
        cannot hold, or text that UTF-8 cannot.
        """
        require_memory(content, goal, context, initial_value)
        require_texts(domain=domain, task_type=task_type, causal_links=causal_links)
        said = json_object(dict(context or {}), "the context")
        level = level or self._questions.level(self._kept(content).content, said) or LEVELS[0]
        require_level(level)
        names = memory.names_of(said, domain, task_type, self._session.rules)
        known_by = memory.known_by(content, self.config.max_entry_tokens, self._session.rules)
        return self._store(
            Content(
                len(content),
                level,
                text(goal, "the goal"),
                *names,
                agent or self.agent_name,
                self._kept(content),
                known_by,
                memory.memory_key(*names, known_by, self._session.rules),
                said,
                None if initial_value is None else float(initial_value),
                outcome,
                tuple(causal_links or ()),
            )
        )

    def _kept(self, content: str) -> memory.Kept:
        return memory.truncate(text(content, "the content"), self.config.max_entry_tokens)

    def _store(self, content: Content) -> MemoryEntry | None:
        twin = None if self._storing.known(content) is not None else self._twins.of(content)
        with self._session.transaction() as commit:
            key = self._storing.store(commit, content, twin)
        return self.memories[content.level].get(key)

    def store_with_outcome(
        self,
        content: str,
        context: Json,
        goal: str,
        outcome: str = "neutral",
        domain: str | None = None,
        task_type: str | None = None,
    ) -> MemoryEntry | None:
        """Keep what became of something: failures as causes, successes as patterns, anything else as it happened."""
        require_memory(content, goal, context, None)
        said = json_object(dict(context), "the context")
        kept = memory.outcome_with_store(content, outcome, said, self._session.rules)
        value = kept.initial_value
        return self.store(kept.content, kept.level, said, goal, value, None, domain, task_type, outcome=outcome)

    # Finding.

    def retrieve(
        self, query: str, goal: str, budget_tokens: int = 4000, levels: Sequence[str] | None = None
    ) -> list[MemoryEntry]:
        """Return the entries that answer a query, best first, up to a number of tokens; each counts as accessed.

        ConfigError for an unknown level, or for what is no text.
        """
        return self._retrieve(Query(query, goal, budget_tokens), levels, lambda _: True)

    def retrieve_by_domain(
        self, domain: str, goal: str, budget_tokens: int = 4000, levels: Sequence[str] | None = None
    ) -> list[MemoryEntry]:
        """Return the entries of a domain that are worth most for a goal, as `retrieve` does."""
        query = Query(f"Domain: {domain}", goal, budget_tokens, named=True)
        version = self._session.rules
        return self._retrieve(query, levels, lambda one: memory.is_of_domain(one.key, one.domain, domain, version))

    def retrieve_by_task_type(
        self, task_type: str, goal: str, budget_tokens: int = 4000, levels: Sequence[str] | None = None
    ) -> list[MemoryEntry]:
        """Return the entries of a task type that are worth most for a goal, as `retrieve` does."""
        query = Query(f"Task type: {task_type}", goal, budget_tokens, named=True)
        version = self._session.rules
        return self._retrieve(query, levels, lambda one: memory.is_of_task(one.key, one.task_type, task_type, version))

    def _retrieve(
        self, query: Query, levels: Sequence[str] | None, chosen: Callable[[MemoryEntry], bool]
    ) -> list[MemoryEntry]:
        require_said(query=query.text, goal=query.goal)
        require_budget(query.budget)
        for level in levels or ():
            require_level(level)
        searched = list(dict.fromkeys(LEVELS if levels is None else levels))
        return self._retrieving.retrieve(query, self._entries(searched, chosen), searched)

    @undisturbed
    def _entries(self, levels: Sequence[str], chosen: Callable[[MemoryEntry], bool]) -> list[MemoryEntry]:
        return [entry for level in levels for entry in self.memories[level].entries() if chosen(entry)]

    def note_recalled(self, commit: Transaction, entries: Sequence[MemoryEntry], goal: str) -> None:
        """Count entries as retrieved that went into a context."""
        self._retrieving.count(commit, entries, goal, self.memories.total_accesses + bool(entries))

    # Causes.

    def add_causal_link(
        self,
        cause: str,
        effect: str,
        confidence: float | None = None,
        conditions: Sequence[str] = (),
        exceptions: Sequence[str] = (),
        domain: str = memory.GENERAL,
        *,
        evidence: str | None = None,
        transferable_to: Sequence[str] = (),
    ) -> str:
        """Add a link with a confidence in [0, 1], or take it as evidence for the one that is there; return its id.

        `conditions` and `exceptions` are `key=value`. ConfigError or InvalidEvent for what cannot be recorded.
        """
        require_texts(conditions=conditions, exceptions=exceptions, transferable_to=transferable_to, evidence=evidence)
        return self._causes.add(cause, effect, confidence, conditions, exceptions, domain, evidence, transferable_to)

    def update_causal_confidence(self, key: str, supported: bool, evidence: str | None = None) -> float:
        """Weigh one more piece of evidence for a link, or against it; return its confidence. ConfigError if unknown."""
        require_texts(evidence=evidence)
        return self._causes.weigh(key, bool(supported), evidence)

    # Knowledge, protection, consolidation.

    def protect_high_value(self, threshold: float | None = None) -> int:
        """Protect entries from eviction, or cease to, by the value they have learned; returns how many changed.

        Version 1 never ceases to. ConfigError for a threshold that is not in [0, 1].
        """
        require_threshold(threshold)
        return self._protecting.all(threshold)

    def consolidate(self) -> int:
        """Keep the patterns that a model finds, and let go of old episodes that proved worthless; returns how many."""
        patterns = [self._keep(found) for found in self._consolidating.patterns()]
        wisdom = [self._keep(found) for found in self._consolidating.wisdom()]
        return self._consolidated(len(patterns), bool(wisdom))

    def _consolidated(self, patterns: int, wisdom: bool) -> int:
        with self._session.transaction() as commit:
            if wisdom:
                self._protecting.wisdom(commit)
            gone = self._consolidating.worthless(commit.now)
            self._room.let_go(commit, gone, "stale")
            commit.add(
                MemoryConsolidated(
                    **self._session.provenance,
                    owner=self.agent_name,
                    now=commit.now,
                    count=self.memories.consolidations + 1,
                    pruned=len(gone),
                    patterns=patterns,
                )
            )
        return len(gone)

    def _keep(self, found: Finding) -> MemoryEntry | None:
        return self.store(found.content, found.level, found.context, found.goal, found.value)

    # Memories from elsewhere.

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> "HierarchicalMemory":
        """Return a memory that has taken in what `to_dict` returned, here or in the original; ConfigError for less."""
        name = data.get("agent_name")
        if not isinstance(name, str):
            raise ConfigError("this is no memory: it has no agent_name", hint="pass what to_dict returned")
        found = cls(name, config, session, clock=clock, rng=rng, model=model)
        with found._session.transaction() as commit:
            Adopting(name, found._session).all(commit, data)
        return found

    @undisturbed
    def saved_state(self) -> Json:
        """Return all that is remembered as one JSON object, and the learning rate of the values with "shared"."""
        said = memory_as_dict(self.memories, self.goal_hierarchy.to_dict(), COMPLETE)
        shared = self.agent_name == SHARED
        return said | {"learning_rate": rate_as_dict(self._session.view("memory"))} if shared else said

    def _take_over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        Loading(self.agent_name, self.config, self._session).over(commit, saved)

    def take_in(self, level: str, key: str, data: Mapping[str, Any]) -> MemoryEntry | None:
        """Take in one entry in the original's form, under the key that it has elsewhere; at least its `content`."""
        require_level(level)
        with self._session.transaction() as commit:
            Adopting(self.agent_name, self._session).one(commit, level, key, data)
        return self.memories[level].get(key)
