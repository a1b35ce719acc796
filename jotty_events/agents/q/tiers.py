"""The tiers of the Q-table: which entries are at hand, which are looked up by clusters, which are archived.

Invariants: tiers are only moved by `promote_demote`, as one event. Version 1 ranks the whole table and records the
whole order; version 2 asks an index for the upper tiers, and records what moved.
"""

from collections.abc import Iterable, Sequence

from projections.q_table import QCluster, QEntry, QTable

from ...config import JottyConfig
from ...events import Cluster, TierMove, TiersAssigned
from ...rules.q import clusters as q_clusters
from ...rules.q import retention, tiers
from ...rules.q.clusters import Group
from ...rules.q.retention import Kept, Key
from ...rules.q.tiers import Progress
from ...session import Session, Transaction
from .ranking import QRanking, kept

_Made = tuple[bool, list[TierMove], list[Cluster] | None, float]
"""Whether the moves are all that is in a tier, the moves, the clusters if they changed, and the threshold."""


class Tiers:
    """The tiers of one session's Q-table."""

    def __init__(self, session: Session, config: JottyConfig) -> None:
        self._session = session
        self._config = config
        self.ranking = QRanking(session)
        self.clustering = True
        """Whether version 1 finds what it clusters tier 2 with; version 2 needs nothing for it (M13)."""

    @property
    def table(self) -> QTable:
        """The live table."""
        table: QTable = self._session.view("q_table")
        return table

    @property
    def progress(self) -> Progress:
        """The last reward, and the episodes since it was better."""
        held = self.table.tiering
        return Progress(None, 0) if held is None else Progress(held.last_reward, held.without_improvement)

    @property
    def threshold(self) -> float:
        """What version 1 raises whenever tier 1 is full, and in version 2 the least retention in a full tier 1."""
        held = self.table.tiering
        return tiers.FIRST_THRESHOLD if held is None else held.threshold

    def entries(self, keys: Iterable[Key]) -> list[QEntry]:
        """Return the entries of some texts, without those that are gone."""
        return [entry for key in keys if (entry := self.table.get(key)) is not None]

    def tier(self, number: int) -> list[QEntry]:
        """Return the entries of a tier: by rank in version 1, in version 2 the most valuable first."""
        if self._session.rules < 2:
            ranks = {nth: rank for rank, (nth, tier) in enumerate(self.table.tiers().items()) if tier == number}
            found = [entry for entry in self.table.entries() if entry.nth in ranks]
            return sorted(found, key=lambda entry: ranks[entry.nth])
        self.ranking.current()
        if number in (1, 2):
            numbers = [nth for nth, tier in self.ranking.upper.items() if tier == number]
            return _by_value(self.entries(self.ranking.keys(numbers)))
        return _by_value([entry for entry in self.table.entries() if entry.tier == number])

    def clusters(self) -> list[QCluster]:
        """Return the clusters of tier 2, in their order."""
        return sorted(self.table.clusters.entries(), key=lambda one: (one.rank, one.name))

    def members(self, cluster: QCluster) -> list[QEntry]:
        """Return the entries of a cluster: in its order in version 1, in version 2 the most valuable first."""
        if self._session.rules >= 2:
            return _by_value(self.entries(self.ranking.keys(cluster.members)))
        by_number = {entry.nth: entry for entry in self.table.entries()}
        return [by_number[nth] for nth in cluster.members if nth in by_number]

    def relevant(self, state: str) -> list[QEntry]:
        """Return the entries of the cluster that bears on a state, none where there is no such cluster."""
        held = self.clusters()
        place = q_clusters.relevant(state, [one.centroid for one in held])
        return [] if place is None else self.members(held[place])

    def promote_demote(self, commit: Transaction, reward: float | None) -> None:
        """Assign the tiers anew, after an episode of this reward; an empty table has none to assign."""
        version = self._session.rules
        if not len(self.table):
            return
        before, threshold = self.progress, self.threshold
        after = tiers.progress(reward, before, version=version)
        whole, moves, groups, raised = self._whole(commit.now) if version < 2 else self._moved(commit.now, after)
        commit.add(
            TiersAssigned(
                **self._session.provenance,
                now=commit.now,
                reward=reward,
                last_reward_before=before.last_reward,
                without_improvement_before=before.without_improvement,
                threshold_before=threshold,
                last_reward=after.last_reward,
                without_improvement=after.without_improvement,
                threshold=raised,
                whole=whole,
                moves=moves,
                clusters=groups,
            )
        )

    def empty(self, commit: Transaction) -> None:
        """Take all tiers back: of an empty table, into which another is about to be loaded."""
        before, threshold = self.progress, self.threshold
        commit.add(
            TiersAssigned(
                **self._session.provenance,
                now=commit.now,
                reward=None,
                last_reward_before=before.last_reward,
                without_improvement_before=before.without_improvement,
                threshold_before=threshold,
                last_reward=before.last_reward,
                without_improvement=before.without_improvement,
                threshold=tiers.FIRST_THRESHOLD,
                whole=True,
                moves=[],
                clusters=[],
            )
        )

    # Version 1: the whole order.

    def _whole(self, now: float) -> _Made:
        first = self._config.tier1_max_size
        last = first + tiers.TIER2_WINDOW
        order = retention.ranked([kept(entry, 1) for entry in self.table.entries()], now, version=1)
        candidates = [(entry.nth, entry.key) for entry in order[first:last]]
        groups = None
        if candidates and self.clustering:
            groups = q_clusters.grouped(candidates, self._config.tier2_max_clusters, version=1)
        clustered = [nth for group in groups or () for nth in group.members]
        moves = [*_placed(1, _numbers(order[:first])), *_placed(2, clustered), *_placed(3, _numbers(order[last:]))]
        full = len(order) >= first
        return True, moves, _clusters(groups), tiers.raised(self.threshold) if full else self.threshold

    # Version 2: what moved.

    def _moved(self, now: float, after: Progress) -> _Made:
        first = self._config.tier1_max_size
        ranking = self.ranking.current(now)
        top = ranking.best(first + tiers.window(after.without_improvement), now)
        wanted = {entry.nth: 1 if place < first else 2 for place, entry in enumerate(top)}
        leaving = [nth for nth in self.ranking.upper if nth not in wanted]
        new = [nth for nth in self.ranking.untiered if nth not in wanted]
        tier = self.ranking.upper
        changed = {nth: to for nth, to in wanted.items() if tier.get(nth) != to} | dict.fromkeys((*leaving, *new), 3)
        moves = [TierMove(nth=nth, tier=to, rank=None) for nth, to in sorted(changed.items())]
        lowest = retention.retention(top[first - 1], now) if len(top) >= first else self.threshold
        return False, moves, self._regrouped(top[first:]), lowest

    def _regrouped(self, middle: Sequence[Kept]) -> list[Cluster] | None:
        """Return the clusters of tier 2, None where they are as they were."""
        entries = sorted((entry.nth, entry.key) for entry in middle)
        groups = _clusters(q_clusters.grouped(entries, self._config.tier2_max_clusters)) or []
        held = [_cluster(rank, Group(*_said(one))) for rank, one in enumerate(self.clusters())]
        return None if groups == held else groups


def _by_value(entries: list[QEntry]) -> list[QEntry]:
    return sorted(entries, key=lambda entry: (-entry.value, entry.state, entry.action))


def _numbers(entries: Iterable[Kept]) -> list[int]:
    return [entry.nth for entry in entries]


def _placed(tier: int, numbers: Iterable[int]) -> list[TierMove]:
    return [TierMove(nth=nth, tier=tier, rank=rank) for rank, nth in enumerate(numbers)]


def _clusters(groups: Iterable[Group] | None) -> list[Cluster] | None:
    return None if groups is None else [_cluster(rank, group) for rank, group in enumerate(groups)]


def _cluster(rank: int, group: Group) -> Cluster:
    return Cluster(name=group.name, rank=rank, centroid=group.centroid, members=group.members)


def _said(cluster: QCluster) -> tuple[str, str, list[int]]:
    return cluster.name, cluster.centroid, cluster.members
