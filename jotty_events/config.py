"""What a conductor and its actors are configured with.

Invariants: a configuration that exists is usable: every value was checked, unknown names are refused with the nearest
known one, and all that is wrong is said at once.
"""

from collections.abc import Callable
from difflib import get_close_matches
from os import PathLike
from typing import Annotated, Any
from unicodedata import normalize

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from .errors import ConfigError
from .rules import DEFAULT_VERSION, VERSIONS
from .types import LEVELS, SHARED, Branches, Durability, Json, LearningMode

Agent = Callable[..., Any]
"""Takes a Task and returns an Outcome, or awaits one. Raising is a failed attempt."""

Positive = Annotated[int, Field(ge=1)]
Capacity = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


def _recordable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a lone surrogate stands at character {error.start}") from error
    if len(text) > MAX_TEXT:
        raise ValueError(f"it has {len(text)} characters, more than {MAX_TEXT}")
    return text


Text = Annotated[str, AfterValidator(_recordable)]


def _known_version(version: int) -> int:
    if version not in VERSIONS:
        raise ValueError(f"no such version: {' and '.join(map(str, VERSIONS))} are known")
    return version


Version = Annotated[int, Field(strict=True), AfterValidator(_known_version)]

MAX_NAME = 255
MAX_TEXT = 100_000
"""Characters of the longest goal or approach: an episode records it many times over."""
_SAFE_INTEGER = 2**53


class _Checked(BaseModel):
    """Turns pydantic's findings into one typed error."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _config_error(type(self), error) from error


def _config_error(model: type[BaseModel], error: ValidationError) -> ConfigError:
    wrong = [f"{'.'.join(map(str, one['loc'])) or 'value'}: {_message(one)}" for one in error.errors()]
    unknown = [str(one["loc"][0]) for one in error.errors() if one["type"] == "extra_forbidden"]
    near = [match for name in unknown for match in get_close_matches(name, model.model_fields, 1)]
    hint = f"did you mean {', '.join(near)}?" if near else f"see help({model.__name__})"
    return ConfigError(f"{model.__name__} is not usable: {'; '.join(wrong)}", hint=hint)


def _message(one: Any) -> str:
    return "no such setting" if one["type"] == "extra_forbidden" else str(one["msg"]).removeprefix("Value error, ")


class JottyConfig(_Checked):
    """The settings of a conductor. Capacities count entries, times are in seconds, rates and shares are in [0, 1]."""

    learning_mode: LearningMode = LearningMode.PERSISTENT
    output_base_dir: str | PathLike[str] = "./outputs"
    create_run_folder: bool = True
    auto_load_on_start: bool = True
    start_from: str | None = None
    """The point to start from, in any mode; `latest` where it is not given."""
    auto_save_interval: Positive = 3
    max_runs_to_keep: Positive = 10
    snapshot_interval: Positive = 50_000
    """After how many events at most a snapshot is written: so many at most are replayed on top of one."""
    pack_threshold_bytes: Positive = 256 * 1024 * 1024
    """So many bytes of closed segments may stay loose; the run that closes beyond that packs them."""
    pack_threshold_runs: Positive = 1000
    """So many runs may stay loose, however small they are."""
    persist_memories: bool = True
    persist_q_tables: bool = True
    persist_brain_state: bool = True
    persist_todos: bool = True
    export_state: bool = True
    """Whether the original's files are written beside a run: every `auto_save_interval` episodes (more rarely where
    there are very many of them), and at its end."""
    experiment: bool | None = None
    """An experiment's run never becomes `latest`. Where it is not said, a run is one if the run it starts from is."""

    branches: Branches = Branches.ABSORB
    """What a PERSISTENT run does with what other processes learned at the same time as its line: it learns from their
    observations again, by its own rules and settings (`absorb`: the default, since nobody expects that what an agent
    has learned is dropped because another one ended later), leaves them with a warning (`latest`), or does not begin
    (`fail`). Whoever names `start_from` leaves all others on purpose."""

    durability: Durability = Durability.COMMIT
    commit_interval: Seconds = 0.05
    segment_bytes: Annotated[int, Field(ge=4096)] = 64 * 1024 * 1024

    rules_version: Version = DEFAULT_VERSION
    """By which rules a run learns: 1 computes as the original did, 2 corrects its known defects."""
    enable_rl: bool = True
    enable_learning: bool = True
    alpha: Rate = 0.1
    gamma: Share = 0.99
    lambda_trace: Share = 0.95
    epsilon: Share = 0.0
    """How often an approach is drawn at random. Without it a failure still makes the next approach be tried."""
    seed: Annotated[int, Field(ge=0, le=_SAFE_INTEGER)] | None = None
    """What random choices follow from; drawn and recorded where it is not given."""
    max_experience_buffer: Positive = 1000
    tier1_max_size: Positive = 50
    """Q-values that are at hand in every prompt."""
    tier2_max_clusters: Positive = 10
    tier3_max_size: Positive = 500
    """Kept for old configurations: the archive has no limit, and is pruned when that is asked for."""

    episodic_capacity: Capacity = 1000
    semantic_capacity: Capacity = 500
    procedural_capacity: Capacity = 200
    meta_capacity: Capacity = 100
    causal_capacity: Capacity = 150
    """By rules of version 1 a capacity may be 0: storing in that level is then a NoRoom error (E2)."""
    max_entry_tokens: Positive = 2000
    enable_deduplication: bool = True
    """Whether a content that says the same as a known one is kept with it; without a model, only version 1 does so."""
    similarity_threshold: Share = 0.85
    protected_memory_threshold: Share = 0.8
    rag_relevance_threshold: Share = 0.6
    rag_max_candidates: Positive = 50
    rag_window_size: Positive = 5
    min_cluster_size: Positive = 5
    pattern_confidence_threshold: Share = 0.7
    enable_causal_learning: bool = True
    enable_goal_hierarchy: bool = True
    goal_transfer_weight: Share = 0.3
    goal_transfer_discount: Share = 0.5

    enable_adaptive_alpha: bool = False
    """Whether alpha follows the spread of the errors. The original's default is on: it would take an alpha that was
    chosen here out of the hands of whoever chose it, and into [alpha_min, alpha_max]."""
    alpha_min: Rate = 0.001
    alpha_max: Rate = 0.1
    alpha_adaptation_rate: Share = 0.1
    adaptive_window_size: Annotated[int, Field(ge=1, le=500)] = 50
    instability_threshold_multiplier: Amount = 1.5
    slow_learning_threshold: Amount = 0.01
    enable_intermediate_rewards: bool = True
    """Whether steps on the way are rewarded where an agent says so: going on, using tools, doing a part."""
    architect_proceed_reward: Finite = 0.1
    tool_success_reward: Finite = 0.05

    consolidation_interval: Positive = 3
    brain_memory_threshold: Share = 0.4
    max_hippocampus_size: Capacity = 100
    max_neocortex_size: Capacity = 200
    replay_reward_weight: Amount = 0.25
    """What counts how much where experiences are chosen for a replay; by rules of version 1 that is fixed (M10)."""
    replay_novelty_weight: Amount = 0.20
    replay_frequency_weight: Amount = 0.15
    replay_recency_weight: Amount = 0.25
    replay_causal_weight: Amount = 0.15
    brain_enabled: bool = True
    """Whether the machine of sleep and wake ever sleeps by itself."""
    min_episodes_before_sleep: Capacity = 5
    pattern_extraction_threshold: Positive = 3
    max_recent_episodes: Annotated[int, Field(ge=1, le=1000)] = 100
    brain_reward_salience_weight: Amount = 0.3
    brain_novelty_weight: Amount = 0.4
    brain_goal_relevance_weight: Amount = 0.3
    brain_prune_threshold: Share = 0.15
    brain_strengthen_threshold: Share = 0.85
    brain_max_prune_percentage: Share = 0.2
    context_items: Positive = 5

    model_timeout: Seconds | None = None
    """How long a model that is asked may take; the rules then go on without its answer."""
    max_attempts: Positive = 3
    actor_timeout: Seconds | None = None
    domain: Text = "general"

    @field_validator("output_base_dir", mode="before")
    @classmethod
    def _has_a_folder(cls, value: object) -> object:
        if not isinstance(value, str | PathLike) or not str(value) or "\0" in str(value):
            raise ValueError(f"{value!r:.80} names no folder")
        return value

    @field_validator(*(f"{level}_capacity" for level in LEVELS))
    @classmethod
    def _has_room(cls, capacity: int, settings: ValidationInfo) -> int:
        if capacity < 1 and settings.data.get("rules_version", DEFAULT_VERSION) >= 2:
            raise ValueError("a level must be able to hold an entry: at least 1")
        return capacity

    def capacity(self, level: str) -> int:
        """Return how many entries a level of memory holds."""
        return int(getattr(self, f"{level}_capacity"))

    def to_json(self) -> Json:
        """Return the settings as JSON values, without `output_base_dir`: wherever a history lies, it says the same."""
        return self.model_dump(mode="json", exclude={"output_base_dir"})


class AgentConfig(_Checked):
    """An actor: its name, what it does, the approaches it can take, and the actors whose output it needs first."""

    name: str
    agent: Agent
    approaches: list[Text] = []
    depends_on: list[str] = []
    description: Text = ""
    priority: Finite = 1.0
    max_attempts: Positive | None = None
    timeout: Seconds | None = None

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        wrong = why_no_name(name)
        if wrong:
            raise ValueError(wrong)
        return name

    @field_validator("approaches")
    @classmethod
    def _are_approaches(cls, approaches: list[str]) -> list[str]:
        if any(not one.strip() for one in approaches):
            raise ValueError("an approach is empty")
        if len(set(approaches)) < len(approaches):
            raise ValueError("an approach stands twice")
        return approaches


def why_no_name(name: str) -> str | None:
    """Return why a text cannot name an actor, None if it can: names become file names where state is exported."""
    if not name.strip():
        return "an actor needs a name"
    if _folded(name) == SHARED:
        return f"{name!r} is the owner of what all actors share: take another name"
    if any(character in "/\\" or not character.isprintable() for character in name) or name in (".", ".."):
        return f"{name[:80]!r} has characters that no file name can have"
    if len(name.encode(errors="replace")) > MAX_NAME:
        return f"the name takes more than {MAX_NAME} bytes"
    return None


def _folded(name: str) -> str:
    """Return what two names have in common that a file system may take for one."""
    return normalize("NFC", name).casefold()


def require_actors(actors: list[AgentConfig]) -> None:
    """See that actors can work together; ConfigError names the first that cannot."""
    seen: dict[str, str] = {}
    for actor in actors:
        twin = seen.setdefault(_folded(actor.name), actor.name)
        if twin != actor.name or sum(one.name == actor.name for one in actors) > 1:
            raise ConfigError(
                f"two actors are named {twin!r} and {actor.name!r}", hint="names differ by more than case"
            )
    for actor in actors:
        for needed in actor.depends_on:
            if all(needed != one.name for one in actors):
                raise _unknown_actor(actor.name, needed, [one.name for one in actors])
    _require_no_loop(actors)


def _unknown_actor(name: str, needed: str, known: list[str]) -> ConfigError:
    near = get_close_matches(needed, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"the actors are {', '.join(known)}"
    return ConfigError(f"{name} depends on {needed!r:.80}, which is no actor", hint=hint)


def _require_no_loop(actors: list[AgentConfig]) -> None:
    waiting = {actor.name: list(actor.depends_on) for actor in actors}
    while ready := [name for name, needs in waiting.items() if not any(need in waiting for need in needs)]:
        for name in ready:
            del waiting[name]
    if waiting:
        raise ConfigError(f"actors wait for each other: {', '.join(waiting)}", hint="take one depends_on away")
