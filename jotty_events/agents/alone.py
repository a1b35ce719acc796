"""A session for a learner that is used without a conductor: its log is kept in memory and ends with the process."""

import secrets
import time
from random import Random

from projections import READ_MODELS

from ..config import JottyConfig
from ..log.memory_files import MemoryFiles
from ..runs.tree import Tree
from ..runs.writer import RunPlan
from ..session import Session
from ..types import Clock, Durability, Entropy, LearningMode
from .model import Ask, Model, require_model


def alone(
    config: JottyConfig,
    *,
    clock: Clock = time.time,
    rng: Random | None = None,
    entropy: Entropy = secrets.token_bytes,
    model: Ask | None = None,
) -> Session:
    """Return a session that starts from nothing and learns by `config.rules_version`.

    `rng` makes its random draws; without it they follow from `config.seed`, which is drawn where it is not given.
    `model` may be asked what the rules alone cannot tell.
    """
    require_model(model)
    seed = int.from_bytes(entropy(6)) if config.seed is None else config.seed
    plan = RunPlan(
        clock=clock,
        entropy=entropy,
        rules=config.rules_version,
        library="",
        mode=LearningMode.CONTEXTUAL.value,
        config=config.to_json(),
        seed=seed,
        durability=Durability.OS,
    )
    session = Session(
        READ_MODELS,
        clock=clock,
        tree=Tree(MemoryFiles()),
        start=None,
        plan=plan,
        seed=seed,
        rules=config.rules_version,
        learns=config.enable_learning,
    )
    if rng is not None:
        session.rng = rng
    if model is not None:
        session.model = Model(model, session, config.model_timeout)
    return session
