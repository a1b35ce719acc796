"""Asking a model: every answer is recorded, and whatever the model does the rules go on."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from stage import actor, conductor, own_events, scripted_entropy, ticking

from jotty_events import (
    Brain,
    Conductor,
    HierarchicalMemory,
    JottyConfig,
    LearningMode,
    LLMQPredictor,
    MarkovianTODO,
    TDLambdaLearner,
)
from jotty_events.agents.alone import alone
from jotty_events.agents.model import Model, prompt_digest
from jotty_events.config import AgentConfig
from jotty_events.errors import ConfigError
from jotty_events.events import ModelAnswered
from jotty_events.record import Record
from jotty_events.runs.point import Point
from jotty_events.session import Session

SAFETY = 30.0


def session(**settings: Any) -> Session:
    return alone(JottyConfig(**settings), clock=ticking(), entropy=scripted_entropy())


def answers(of: Session) -> list[ModelAnswered]:
    """Return what was recorded of a model in a session."""
    assert of.writer is not None
    records = of._tree.lineage(Point(of.writer.run, of.writer.next_seq - 1)).records()
    events = [one.record.event for one in records if isinstance(one.record, Record)]
    return [one for one in events if isinstance(one, ModelAnswered)]


def asked(ask: Callable[[str], Any], parse: Callable[[Any], Any] | None = None) -> tuple[Any, ModelAnswered]:
    """Ask a model once; return what the learner got and what was recorded."""
    begun = session()
    got = Model(ask, begun).answer("relevance", "How relevant is this?", parse)
    (event,) = answers(begun)
    return got, event


@pytest.mark.parametrize(
    "answer", ["0.7", "", "é 😀", 0.5, 7, True, False, ["a", 1.5, None], {"score": 0.25, "why": {"k": []}}], ids=repr
)
def test_an_answer_is_recorded_as_it_was_given(answer: Any) -> None:
    """Text and any other JSON value come back as they were, and stand in the log beside the digest of the prompt."""
    got, event = asked(lambda prompt: answer)
    assert (got, event.answer) == (answer, answer)
    assert type(got) is type(event.answer) is type(answer)
    assert (event.failure, event.error, event.used) == (None, None, True)
    assert (event.purpose, event.prompt_digest) == ("relevance", prompt_digest("How relevant is this?"))
    assert event.duration == 0.5  # the transaction looked at the ticking clock in between
    assert len(event.prompt_digest) == 64


def raises(error: BaseException) -> Callable[[str], Any]:
    def ask(prompt: str) -> Any:
        raise error

    return ask


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


async def promised(prompt: str) -> str:
    return "later"


@pytest.mark.parametrize(
    ("ask", "failure", "error"),
    [
        (raises(LookupError("no key")), "raised", "LookupError: no key"),
        (raises(TimeoutError()), "raised", "TimeoutError"),
        (raises(Unspeakable()), "raised", "Unspeakable"),
        (raises(ValueError("\ud800" * 9999)), "raised", "ValueError: " + "?" * 488),
        (lambda prompt: float("nan"), "not_json", "the answer is nan"),
        (lambda prompt: {"a": object()}, "not_json", "the answer.a is object, not JSON"),
        (lambda prompt: {1: "a"}, "not_json", "the answer has the key 1"),
        (lambda prompt: b"bytes", "not_json", "the answer is bytes"),
        (lambda prompt: "\ud800", "not_json", "the answer holds a lone surrogate"),
        (promised, "not_json", "the answer is coroutine"),
        (lambda prompt: None, "empty", "the model returned nothing"),
    ],
    ids=range(11),
)
def test_what_is_no_answer_is_none_and_says_why(ask: Callable[[str], Any], failure: str, error: str) -> None:
    """Whatever a model raises or returns, the learner gets None, and the event says what was wrong."""
    got, event = asked(ask)
    assert (got, event.answer, event.used, event.failure) == (None, None, False, failure)
    assert event.error is not None
    assert event.error.startswith(error)


def test_an_answer_that_makes_no_sense_is_kept_and_not_used() -> None:
    """What a learner cannot make sense of is recorded as it was given, and not used."""
    got, event = asked(lambda prompt: "very", float)
    assert (got, event.answer, event.failure, event.used) == (None, "very", "misunderstood", False)
    assert event.error == "ValueError: could not convert string to float: 'very'"
    got, event = asked(lambda prompt: " 0.5 ", float)
    assert (got, event.answer, event.failure, event.used) == (0.5, " 0.5 ", None, True)


@pytest.mark.parametrize("timeout", [None, SAFETY])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes(error: type[BaseException], timeout: float | None) -> None:
    """Who wants to stop is not stopped by a model, and nothing is recorded of it."""
    begun = session()
    with pytest.raises(error):
        Model(raises(error()), begun, timeout).answer("p", "q")
    assert answers(begun) == []


def test_a_late_answer_is_dropped() -> None:
    """After the time limit the rules go on, and what comes later changes nothing."""
    release, over = threading.Event(), threading.Event()

    def slow(prompt: str) -> str:
        release.wait(SAFETY)
        over.set()
        return "too late"

    begun = session()
    model = Model(slow, begun, 0.001)
    assert model.answer("p", "q") is None
    release.set()
    assert over.wait(SAFETY)
    (event,) = answers(begun)
    assert (event.failure, event.error, event.answer) == ("timed_out", "no answer within 0.001 s", None)


def test_an_answer_in_time_comes_from_a_worker() -> None:
    """With a time limit the model runs in a thread of its own; what it answers or raises is the same."""
    begun = session()
    seen: list[str] = []

    def ask(prompt: str) -> str:
        seen.append(threading.current_thread().name)
        return prompt.upper()

    assert Model(ask, begun, SAFETY).answer("p", "q") == "Q"
    assert Model(raises(LookupError("x")), begun, SAFETY).answer("p", "q") is None
    assert seen == ["jotty-events model"]
    assert [one.failure for one in answers(begun)] == [None, "raised"]


class Named:
    name = "scripted-1"

    def __call__(self, prompt: str) -> str:
        return "yes"


def test_a_model_is_known_by_its_name() -> None:
    """The name that the model gives itself is recorded, else that of its function or its class."""
    assert asked(Named())[1].model == "scripted-1"
    assert asked(promised)[1].model == "promised"
    assert asked(type("Plain", (Named,), {"name": None})())[1].model == "Plain"


def test_an_answer_belongs_to_the_commit_that_it_was_asked_in() -> None:
    """What is asked inside a transaction is appended with it, and taken back with it."""
    begun = session()
    model = Model(lambda prompt: "yes", begun)
    with begun.transaction() as commit:
        model.answer("p", "q")
        assert [type(one) for one in commit.events] == [ModelAnswered]
    with suppress(LookupError), begun.transaction():
        model.answer("p", "q")
        raise LookupError
    assert len(answers(begun)) == 1


@pytest.mark.parametrize("learner", [Brain, HierarchicalMemory, LLMQPredictor, MarkovianTODO, TDLambdaLearner])
def test_each_learner_takes_a_model(learner: Any) -> None:
    """A learner of its own has its model in its session, with the configured time limit."""
    live = learner(config=JottyConfig(model_timeout=SAFETY), clock=ticking(), model=lambda prompt: prompt * 2)
    assert live._session.model.answer("p", "ab") == "abab"
    assert len(answers(live._session)) == 1
    assert learner(config=JottyConfig(), clock=ticking())._session.model is None


def test_a_conductor_has_one_model() -> None:
    """All learners of a conductor share its model; what is no model is refused before a run begins."""
    config = JottyConfig(learning_mode=LearningMode.CONTEXTUAL)
    live = Conductor(actors=[actor()], config=config, clock=ticking(), model=lambda prompt: 0.5)
    assert live.q_predictor._session.model is live.brain._session.model
    assert live._session.model is not None
    assert live._session.model.answer("p", "q") == 0.5
    assert [one.answer for one in own_events(live, ModelAnswered)] == [0.5]
    assert conductor()._session.model is None


def test_what_is_no_model_is_refused(tmp_path: Any) -> None:
    """A model must be callable; nothing was written before that was found."""
    wrong: Any = "a model"
    actors = [AgentConfig(name="a", agent=print)]
    with pytest.raises(ConfigError, match="no model"):
        Conductor(actors=actors, config=JottyConfig(output_base_dir=tmp_path / "out"), model=wrong)
    with pytest.raises(ConfigError, match="no model"):
        Brain(model=wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("settings", [{"learning_mode": LearningMode.DISABLED}, {"enable_learning": False}], ids=str)
def test_who_learns_nothing_asks_nothing(settings: dict[str, Any], tmp_path: Any) -> None:
    """An answer that cannot be recorded is not asked for."""
    prompts: list[str] = []
    config = JottyConfig(output_base_dir=tmp_path, **settings)
    live = Conductor(actors=[actor()], config=config, clock=ticking(), model=prompts.append)
    assert live._session.model is not None
    assert live._session.model.answer("p", "q") is None
    live.close()
    assert prompts == []
