"""Causal links of one owner: added, weighed by evidence, and found again."""

from collections.abc import Mapping, Sequence
from typing import Any

from projections.memory import CausalLink, Memory
from projections.view import TableView

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import CausalLinked
from ...rules.memory import causal
from ...session import Session, Transaction
from ...values import json_object, number, text


class Causes:
    """What brings about what, as far as one owner knows."""

    def __init__(self, owner: str, config: JottyConfig, session: Session) -> None:
        self._owner = owner
        self._config = config
        self._session = session

    @property
    def _state(self) -> Memory:
        state: Memory = self._session.view("memory")
        return state

    @property
    def _links(self) -> TableView[str, CausalLink]:
        return self._state.of(self._owner).links

    def add(
        self,
        cause: str,
        effect: str,
        confidence: float | None,
        conditions: Sequence[str],
        exceptions: Sequence[str],
        domain: str,
        evidence: str | None,
        transferable: Sequence[str],
    ) -> str:
        """Add a link, or take it as evidence for the one that is there; return its id."""
        for name, said in (("cause", cause), ("effect", effect), ("domain", domain)):
            text(said, f"the {name}")
        known = self._known(cause, effect)
        if known is not None:
            self.weigh(known, True, evidence)
            return known
        link = causal.link_id(cause, effect, self._session.rules)
        given = None if confidence is None else number(confidence, "the confidence")
        if given is not None and not 0.0 <= given <= 1.0:
            raise ConfigError(f"the confidence is {given}, not in [0, 1]", hint="0.5 says that nothing is known")
        with self._session.transaction() as commit:
            commit.add(
                CausalLinked(
                    **self._session.provenance,
                    owner=self._owner,
                    link=link,
                    cause=cause,
                    effect=effect,
                    conditions=list(conditions),
                    exceptions=list(exceptions),
                    domain=domain,
                    supported=None,
                    evidence=evidence,
                    initial_confidence=given,
                    now=commit.now,
                    before=None,
                    confidence=causal.starting_confidence(given, self._session.rules),
                    supporting=[] if evidence is None else [evidence],
                    contradicting=[],
                    transferable=list(transferable),
                    nth=self._state.next_link_nth,
                )
            )
        return link

    def _known(self, cause: str, effect: str) -> str | None:
        link = causal.link_id(cause, effect, self._session.rules)
        if link in self._links or self._session.rules < 2:
            return link if link in self._links else None
        # A link that came from elsewhere may have an id of another form.
        said = (one.link for one in self._links.entries() if (one.cause, one.effect) == (cause, effect))
        return next(said, None)

    def weigh(self, key: str, supported: bool, evidence: str | None) -> float:
        """Move the confidence of a link, and return it; ConfigError if there is no such link."""
        with self._session.transaction() as commit:
            link = self._links.get(key)
            if link is None:
                raise ConfigError(f"there is no causal link {key!r:.60}", hint="add_causal_link returns a link's id")
            confidence = causal.reweigh(link.confidence, supported)
            self._weighed(commit, link, supported, evidence, confidence)
        return confidence

    def _weighed(
        self, commit: Transaction, link: CausalLink, supported: bool, evidence: str | None, confidence: float
    ) -> None:
        for_it, against = link.supporting, link.contradicting
        if evidence is not None:
            (for_it if supported else against).append(evidence)
        commit.add(
            CausalLinked(
                **self._session.provenance,
                owner=self._owner,
                link=link.link,
                cause=link.cause,
                effect=link.effect,
                conditions=link.conditions,
                exceptions=link.exceptions,
                domain=link.domain,
                supported=supported,
                evidence=evidence,
                initial_confidence=None,
                now=commit.now,
                before=link.confidence,
                confidence=confidence,
                supporting=for_it,
                contradicting=against,
                transferable=link.transferable,
                nth=link.nth,
            )
        )

    def find(self, query: str, context: Mapping[str, Any]) -> list[CausalLink]:
        """Return the links that mention a query and apply in a context, the surest first (RULES R3)."""
        if not self._config.enable_causal_learning:
            return []
        said = json_object(dict(context), "the context")
        found = [
            link
            for link in self._links.entries()
            if causal.mentions(query, link.cause, link.effect)
            and causal.applies(link.conditions, said, link.exceptions)
        ]
        return sorted(found, key=lambda link: -link.confidence)
