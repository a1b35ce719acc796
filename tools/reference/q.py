"""Replays the documents of Q-learning through version 1 of the rules and the public class.

Entries are named by their place in the key table: the order in which they stood in the table when one of them was first
named, and then those that came later. A document says
in `snapshot_every` after which calls the table and the buffer are expected: after all if it is null, after none if 0.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from jotty_events.agents.q.portrait import entry_as_dict
from jotty_events.agents.q.predictor import LLMQPredictor
from jotty_events.agents.q.ranking import kept
from jotty_events.config import JottyConfig
from jotty_events.errors import JottyError
from jotty_events.rules.q.lessons import lesson
from jotty_events.rules.q.retention import retention
from jotty_events.rules.words.similarity import similar
from jotty_events.rules.words.text_form import describe_action, describe_state

Json = dict[str, Any]

_VERSION = 1
_TABLES = {"state": "states", "next_state": "states", "action": "actions", "actions": "actions"}
_ASKED_OF_A_MODEL = "LLMQPredictorSignature"


class Recorded(Random):
    """Gives the draws that were recorded, and refuses any other."""

    def __init__(self) -> None:
        super().__init__(0)
        self._draws: list[Any] = []

    def expect(self, draws: Sequence[Json]) -> None:
        """Give these draws from now on."""
        self._draws = []
        for draw in draws:
            if draw["fn"] == "random":
                self._draws.append(draw["value"])
            elif draw["fn"] == "choices":
                self._draws += draw["uniforms"]
            else:
                self._draws.append(draw)

    def random(self) -> float:
        """Return the next number in [0, 1)."""
        return float(self._next())

    def choice(self, seq: Any) -> Any:
        """Return the item that was chosen."""
        return seq[self._next()["index"]]

    def sample(self, population: Any, k: int, **_: Any) -> list[Any]:
        """Return the items that were sampled; LookupError if another number of them is asked for."""
        draw = self._next()
        if (len(population), k) != (draw["n"], draw["k"]):
            raise LookupError(f"{k} of {len(population)} are sampled, and {draw['k']} of {draw['n']} were")
        return [population[place] for place in draw["indices"]]

    def _next(self) -> Any:
        if not self._draws:
            raise LookupError("more is drawn than was recorded")
        return self._draws.pop(0)

    def finish(self) -> None:
        """LookupError if something that was recorded was not drawn."""
        if self._draws:
            raise LookupError(f"{len(self._draws)} recorded draws were not made")


class Replay:
    """One document on its way."""

    def __init__(self, document: Json) -> None:
        self._document = document
        config = document["config"]
        known = {name: config[name] for name in JottyConfig.model_fields if name in config}
        self._config = JottyConfig(**known, rules_version=_VERSION)
        self._clustering = config.get("chunker_importable", True)
        self._now = float(document.get("clock_start", 0.0))
        self._rng = Recorded()
        self._learner = self._fresh()
        self._ids: dict[tuple[str, str], int] = {}
        self._predictions = 0

    def _fresh(self) -> LLMQPredictor:
        learner = LLMQPredictor(self._config, clock=lambda: self._now, rng=self._rng)
        learner.tiers.clustering = self._clustering
        return learner

    def run(self) -> Json:
        """Make all calls, and return what the document expects of them."""
        every = self._document.get("snapshot_every")
        per_call = []
        for place, call in enumerate(self._document["inputs"]):
            answer = self._call(call)
            if every is None or (every and (place + 1) % every == 0):
                answer |= {"q_table": self._table(), "buffer": self._buffer()}
            if answer or every is None:
                per_call.append({"i": call["i"], **answer})
        return self._expected({"per_call": per_call})

    def _expected(self, found: Json) -> Json:
        """Add what else the document expects."""
        self._name_entries()
        expected = self._document.get("expected", {})
        found["final"] = self._final(expected.get("final", {}))
        found["llm_calls_attempted"] = {_ASKED_OF_A_MODEL: self._predictions} if self._predictions else {}
        if self._document.get("want_key_table"):
            found["key_table"] = [list(key) for key in self._ids]
        if "final_tiers" in expected:
            found = {"final_tiers": self._tiers(), "q_size": len(self._learner.Q)}
        return found

    def _call(self, call: Json) -> Json:
        self._now = float(call["clock"])
        self._rng.expect(call.get("rng", ()))
        arguments = {name: self._looked_up(name, value) for name, value in call["args"].items()}
        try:
            returned = getattr(self, f"_{call['call']}")(**arguments)
        except JottyError as error:
            return {"raises": _plain_name(error.__cause__ or error)}
        except Exception as error:
            error.add_note(f"in call {call['i']}, {call['call']}")
            raise
        self._rng.finish()
        return {} if returned is None else {"return": returned}

    def _name_entries(self) -> None:
        """Give a number to every entry that has none."""
        for key in self._learner.Q:
            self._ids.setdefault(key, len(self._ids))

    def _looked_up(self, name: str, value: Any) -> Any:
        """Return an argument, which may be a place in a table of the document."""
        table = _TABLES.get(name)
        if isinstance(value, list) and table:
            return [self._looked_up(name, one) for one in value]
        return self._document["tables"][table][value] if table and type(value) is int else value

    # The calls.

    def _add_experience(self, **step: Any) -> None:
        self._learner.add_experience(**step)

    def _record_outcome(self, **step: Any) -> None:
        self._learner.record_outcome(**step)

    def _update_q_value(self, **step: Any) -> float:
        return self._learner.update_q_value(**_without_suffix(step))

    def _experience_replay(self, **how: Any) -> int:
        return self._learner.experience_replay(**how)

    def _get_best_action(self, state: Any, actions: Any = None, **how: Any) -> list[Any]:
        return list(self._learner.get_best_action(state, how.pop("available_actions", actions), **how))

    def _predict_q_value(self, **asked: Any) -> list[Any]:
        self._predictions += 1
        return list(self._learner.predict_q_value(**asked))

    def _get_q_value(self, **asked: Any) -> float:
        return self._learner.get_q_value(**_without_suffix(asked))

    def _get_learned_context(self, **asked: Any) -> str:
        return self._learner.get_learned_context(**asked)

    def _get_context_for_state(self, **asked: Any) -> str:
        return self._learner.get_context_for_state(**asked)

    def _get_similar_experiences(self, **asked: Any) -> list[float]:
        return [one.time for one in self._learner.get_similar_experiences(**asked)]

    def _get_q_table_summary(self) -> Json:
        return self._learner.get_q_table_summary()

    def _promote_demote(self, episode_reward: float | None = None) -> Json:
        self._name_entries()
        self._learner.promote_demote(episode_reward)
        entries = [(key, kept(entry, _VERSION)) for key, entry in self._learner.Q.items()]
        scores = [[self._ids[key], retention(entry, self._now, version=_VERSION)] for key, entry in entries]
        return {"retention": scores, **self._tiers()}

    def _prune_tier3(self, **how: Any) -> Json:
        self._name_entries()
        before = list(self._learner.Q)
        self._learner.prune_tier3_by_causal_impact(**how)
        left = set(self._learner.Q)
        removed = [self._ids[key] for key in before if key not in left]
        return {"removed": sorted(removed), "q_size": len(left), **self._tiers()}

    def _save_load(self) -> Json:
        before, self._learner = self._learner, self._fresh()
        self._learner.load_saved(before.saved_state())
        return {"loaded": True, "same": _compared(before, self._learner)}

    def _are_similar(self, a: str, b: str) -> bool:
        return similar(a, b)

    def _extract_lesson(self, state_desc: str, action_desc: str, reward: float, td_error: float) -> str | None:
        return lesson(state=state_desc, action=action_desc, reward=reward, td_error=td_error, version=_VERSION)

    def _state_to_natural_language(self, state: Any) -> str:
        return describe_state(state, version=_VERSION)

    def _action_to_natural_language(self, action: Any) -> str:
        return describe_action(action, version=_VERSION)

    # What is expected after a call.

    def _table(self) -> list[Json]:
        return [
            {"state_desc": key[0], "action_desc": key[1], **entry_as_dict(entry)}
            for key, entry in self._learner.Q.items()
        ]

    def _buffer(self) -> list[Any]:
        held = self._learner.experience_buffer
        if self._document.get("buffer_snapshot") == "compact":
            return [[one.time, one.priority] for one in held]
        return [
            {
                "timestamp": one.time,
                "state_desc": one.state,
                "action_desc": one.action,
                "reward": one.reward,
                "next_state_desc": one.next_state,
                "done": one.done,
                "priority": one.priority,
                "td_error": one.error,
            }
            for one in held
        ]

    def _tiers(self) -> Json:
        tiers = self._learner.tiers
        return {
            "tier1": self._named(tiers.tier(1)),
            "tier2_clusters": [
                {"id": one.name, "centroid": one.centroid, "members": self._named(tiers.members(one))}
                for one in tiers.clusters()
            ],
            "tier3": self._named(tiers.tier(3)),
            "tier1_threshold": tiers.threshold,
            "last_episode_reward": tiers.progress.last_reward or 0.0,
            "episodes_without_improvement": tiers.progress.without_improvement,
        }

    def _named(self, entries: Any) -> list[int]:
        return [self._ids[entry.state, entry.action] for entry in entries]

    def _final(self, expected: Json) -> Json:
        learner = self._learner
        final = {
            "q_table": self._table(),
            "buffer_size": len(learner.experience_buffer),
            "buffer": self._buffer(),
            "summary": learner.get_q_table_summary(),
            "tiers": self._tiers(),
            "alpha": learner.alpha,
            "gamma": learner.gamma,
            "epsilon": learner.epsilon,
        }
        if "value_sum" in expected:
            final["value_sum"] = sum(entry.value for entry in learner.Q.values())
        return final


def _without_suffix(arguments: Json) -> Json:
    return {name.removesuffix("_desc"): value for name, value in arguments.items()}


def _plain_name(error: BaseException) -> str:
    """Return the name of the built-in error that an error is."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def _compared(before: LLMQPredictor, after: LLMQPredictor) -> dict[str, bool]:
    """Return which parts of a learner came back the same."""
    was, now = before.saved_state(), after.saved_state()
    tables = [[(key, entry_as_dict(entry)) for key, entry in one.Q.items()] for one in (before, after)]
    same = {
        "Q": dict(tables[0]) == dict(tables[1]),
        "Q_order": list(before.Q) == list(after.Q),
        "experience_buffer": was["experience_buffer"] == now["experience_buffer"],
        "tier1": was["tier1_working"] == now["tier1_working"],
        "tier2": was["tier2_clusters"] == now["tier2_clusters"],
        "tier3": was["tier3_archive"] == now["tier3_archive"],
        "alpha_gamma_epsilon": all(was[name] == now[name] for name in ("alpha", "gamma", "epsilon")),
        "tier1_threshold": was["tier1_threshold"] == now["tier1_threshold"],
        "last_episode_reward": was["last_episode_reward"] == now["last_episode_reward"],
    }
    counts = [one.tiers.progress.without_improvement for one in (before, after)]
    return {**same, "episodes_without_improvement": counts[0] == counts[1]}


def replay(document: Json) -> Json:
    """Make the calls of a document, and return what it expects of them."""
    return Replay(document).run()
