"""Sleep and wake: takes in experiences while awake, and replays the recent ones in sleep."""

import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from projections.brain import Brain as BrainView

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import BrainStepped
from ...rules.brain import sleep
from ...session import Session, undisturbed
from ...types import Clock, Json
from ...values import json_object
from ..alone import alone
from ..model import Ask
from .consolidator import ConsolidationResult, SharpWaveRippleConsolidator
from .hippocampus import HippocampalExtractor, MemoryCandidate


class BrainStateMachine:
    """Sleeps when enough episodes have passed. Where it stands is kept from run to run (P14)."""

    def __init__(
        self,
        config: JottyConfig | None = None,
        consolidator: SharpWaveRippleConsolidator | None = None,
        extractor: HippocampalExtractor | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock, these draws, this model.

        A consolidator and an extractor that are given should share its session: then all of it is one commit a call.
        """
        self.config = config or JottyConfig()
        given = extractor or consolidator
        shared = session or (given._session if given else None)
        self._session = shared or alone(self.config, clock=clock, rng=rng, model=model)
        self.consolidator = consolidator or SharpWaveRippleConsolidator(self.config, self._session)
        self.extractor = extractor or HippocampalExtractor(self.config, session=self._session)

    @property
    def _held(self) -> BrainView:
        held: BrainView = self._session.view("brain")
        return held

    @property
    def mode(self) -> str:
        """Online, offline or dreaming."""
        return self._held.machine.mode

    @property
    def is_online(self) -> bool:
        """Whether it is awake."""
        return self.mode == sleep.ONLINE

    @property
    def is_offline(self) -> bool:
        """Whether it sleeps."""
        return not self.is_online

    @property
    def recent_episodes(self) -> list[Json]:
        """The experiences that the next sleep replays, oldest first."""
        return self._held.recent

    def process_experience(
        self,
        experience: Mapping[str, Any],
        episodic_memories: Sequence[Any] | None = None,
        semantic_memories: Sequence[Any] | None = None,
    ) -> MemoryCandidate | None:
        """Take in an experience, and sleep if it is time; returns how it was judged, if it is worth remembering.

        What comes while it sleeps is taken in when it wakes; in version 1 it is lost (M11).
        """
        said = json_object(dict(experience), "the experience")
        with self._session.transaction():
            if self.is_offline:
                self._keep_for_later(said)
                return None
            self._step("experienced", sleep.ONLINE, said, episodes=1)
            remembered, candidate = self.extractor.should_remember(said)
            if self._should_sleep():
                self.enter_sleep_mode(episodic_memories, semantic_memories)
        return candidate if remembered else None

    def _keep_for_later(self, experience: Json) -> None:
        if sleep.is_kept_for_later(self.mode, self._session.rules):
            self._step("queued", self.mode, experience)

    def _should_sleep(self) -> bool:
        machine, config = self._held.machine, self.config
        return config.brain_enabled and sleep.should_sleep(
            machine.episodes_since_sleep,
            machine.total_consolidations,
            interval=config.consolidation_interval,
            minimum=config.min_episodes_before_sleep,
            version=self._session.rules,
        )

    def enter_sleep_mode(
        self, episodic_memories: Sequence[Any] | None = None, semantic_memories: Sequence[Any] | None = None
    ) -> ConsolidationResult:
        """Sleep: replay the recent experiences, and wake up."""
        with self._session.transaction():
            found = self.consolidator.consolidate(
                self.recent_episodes, episodic_memories or (), semantic_memories or ()
            )
            self._step("slept", sleep.ONLINE)
        return found

    def force_sleep(self) -> None:
        """Let the next sleep come as soon as the interval allows."""
        self._step("forced", self.mode)

    def set_mode(self, mode: str) -> None:
        """Fall asleep or wake up: what came meanwhile is then taken in (M11). ConfigError for no such mode."""
        if mode not in sleep.MODES:
            raise ConfigError(f"{mode!r:.40} is no mode", hint=f"modes are {', '.join(sleep.MODES)}")
        with self._session.transaction():
            waiting = self._held.queue if mode == sleep.ONLINE else []
            self._step("set", mode)
            for one in waiting:
                self.process_experience(one)

    @undisturbed
    def _step(self, cause: str, mode: str, experience: Json | None = None, *, episodes: int = 0) -> None:
        before, config = self._held.machine, self.config
        slept, forced = cause == "slept", cause == "forced"
        since = config.consolidation_interval if forced else before.episodes_since_sleep + episodes
        with self._session.transaction() as commit:
            commit.add(
                BrainStepped(
                    **self._session.provenance,
                    cause=cause,
                    experience=experience,
                    mode=mode,
                    now=commit.now,
                    episodes_since_sleep=0 if slept else since,
                    total_episodes=before.total_episodes + episodes,
                    total_consolidations=before.total_consolidations + slept,
                    held=sleep.held(before.held, config.max_recent_episodes) if episodes else before.held,
                )
            )

    def get_state_summary(self) -> Json:
        """Return where it stands."""
        machine = self._held.machine
        return {
            "mode": machine.mode,
            "episodes_since_sleep": machine.episodes_since_sleep,
            "total_episodes": machine.total_episodes,
            "total_consolidations": machine.total_consolidations,
            "recent_episodes_buffered": len(self.recent_episodes),
            "next_sleep_in": sleep.next_sleep_in(machine.episodes_since_sleep, self.config.consolidation_interval),
        }
