"""What the original calls its files and folders.

Invariants: the names that its vault writes come first, then those of its session manager (P5).
"""

STATE = "jotty_state"
MEMORIES = "memories"
SHARED_MEMORY = "shared_memory.json"
LOCAL_MEMORIES = ("local_memories", "agent_memories")
Q_TABLES = "q_tables"
Q_BUFFER, Q_TABLE = "q_predictor_buffer.json", "q_predictor.json"
BRAIN_STATE = "brain_state"
BRAIN_FILES = ("consolidated_memories.json", "consolidated.json")
TODOS = "markovian_todos"
TODO_FILE = "todo_state.json"
TODO_TEXTS = ("todo_display.md", "session_todo.md")
EPISODES = "episode_history"
EPISODE_PREFIX = "episode_"
CONFIG = "config_snapshot.json"
SHARED_NAME = "SwarmShared"
"""How the original's shared memory calls itself."""
