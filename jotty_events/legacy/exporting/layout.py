"""Where the original keeps what: every file of a tree, by its path below the folder of the tree."""

FOLDER = "jotty_state"
SHARED_MEMORY = "memories/shared_memory.json"
LOCAL_MEMORIES = "memories/local_memories"
Q_TABLE = "q_tables/q_predictor_buffer.json"
BRAIN = "brain_state/consolidated_memories.json"
TODO = "markovian_todos/todo_state.json"
TODO_TEXT = "markovian_todos/todo_display.md"
EPISODES = "episode_history"
LISTING = "jotty_events.json"
"""What was exported, and from where: no file of the original's."""


def local_memory(stem: str) -> str:
    """Return the path of an agent's memory, given the name of its file without its suffix."""
    return f"{LOCAL_MEMORIES}/{stem}.json"


def episode(number: int) -> str:
    """Return the path of what is told of an episode."""
    return f"{EPISODES}/episode_{number}.json"
