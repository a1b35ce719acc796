"""What cannot be imported is told with its file and its place, all of it at once, and nothing is written."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importing import BRAIN, SHARED_MEMORY, TODO, Q, bytes_below, entry, imported, memory_file, q_file, tree

from jotty_events import History
from jotty_events.errors import FormatError, ImportRefused, MissingFile, UnsafeFile
from jotty_events.legacy.importing import document, planning, writing
from jotty_events.legacy.importing.brain_text import Unreadable, parsed
from jotty_events.legacy.importing.document import Document, Malformed
from jotty_events.legacy.importing.problems import MOST, json_path
from jotty_events.legacy.importing.text import PIECE
from jotty_events.log.files import DiskFiles

DEEP = 1_000_000
SOUND = json.dumps(q_file(("s|||a", {}), ("s|||b", {})))
LOCAL = "memories/local_memories"


def refused(tmp_path: Path, files: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Import what cannot be; return what was told, having seen that nothing was written."""
    with pytest.raises(ImportRefused) as caught:
        imported(tmp_path / "out", tree(tmp_path / "from", files))
    assert not (tmp_path / "out").exists()
    assert caught.value.hint
    told = [(one.file.removeprefix("jotty_state/"), one.path, one.message) for one in caught.value.problems]
    assert caught.value.count >= len(told) > 0
    return told


DAMAGE: dict[str, tuple[str, Any, str, str]] = {
    "an empty file": (Q, "", "$", "the file ends here"),
    "a cut-off file": (Q, SOUND[:40], "$.q_table", "the file ends here"),
    "a cut-off text": (Q, '{"alpha": "abc', "$.alpha", "the file ends here"),
    "no JSON": (Q, "SELECT 1", "$", "Expecting value"),
    "only zeros": (Q, b"\0" * 64, "$", "Expecting value"),
    "two documents": (Q, SOUND + SOUND, "$", "something follows"),
    "no UTF-8": (Q, b'{"alpha": "\xff"}', "$", "not UTF-8"),
    "a list": (Q, "[]", "$", "an object is expected"),
    "a number": (Q, "1", "$", "an object or a list is expected"),
    "a list for an object": (Q, {"q_table": []}, "$.q_table", "an object is expected here, and not a list"),
    "an object for a list": (Q, {"experience_buffer": {}}, "$.experience_buffer", "a list is expected here"),
    "a text for an object": (Q, {"q_table": "x"}, "$.q_table", "an object or a list is expected"),
    "a text for a number": (Q, q_file(("s|||a", {"value": "0.5"})), "$.q_table['s|||a'].value", "valid number"),
    "a truth for a number": (Q, q_file(("s|||a", {"value": True})), "$.q_table['s|||a'].value", "valid number"),
    "null for a number": (Q, q_file(("s|||a", {"value": None})), "$.q_table['s|||a'].value", "valid number"),
    "a missing field": (Q, {"q_table": {"s|||a": {}}}, "$.q_table['s|||a'].value", "Field required"),
    "a broken count": (Q, q_file(("s|||a", {"visit_count": 1.5})), "$.q_table['s|||a'].visit_count", "valid integer"),
    "a negative count": (Q, q_file(("s|||a", {"visit_count": -1})), "$.q_table['s|||a'].visit_count", "greater than"),
    "a huge count": (Q, q_file(("s|||a", {"visit_count": 2**70})), "$.q_table['s|||a'].visit_count", "less than"),
    "a wrong item": (Q, q_file(("s|||a", {"td_errors": [0.5, "x"]})), "$.q_table['s|||a'].td_errors[1]", "number"),
    "NaN": (Q, '{"q_table": {"k": {"value": NaN}}}', "$.q_table.k.value", "nan is no number"),
    "an infinity": (Q, '{"alpha": -Infinity}', "$.alpha", "-inf is no number"),
    "a number beyond floats": (Q, '{"alpha": 1e999}', "$.alpha", "finite"),
    "one in a context": (SHARED_MEMORY, '{"memories": {"meta": {"a:b:c": {"content": "", "context": {"x": 1e999}}}}}',
                         "$.memories.meta['a:b:c']", "context.x is inf"),
    "too many digits": (Q, '{"alpha": ' + "1" * 5000 + "}", "$.alpha", "digits"),
    "a name twice": (Q, '{"q_table": {"k": {"value": 1}, "k": {"value": 2}}}', "$.q_table.k", "stands twice"),
    "a name twice inside": (Q, '{"q_table": {"k": {"value": 1, "value": 2}}}', "$.q_table.k", "'value' stands twice"),
    "a name twice at the top": (Q, '{"alpha": 1, "alpha": 2}', "$.alpha", "stands twice"),
    "too deep a list": (Q, '{"alpha": ' + "[" * DEEP, "$.alpha", "nests too deeply"),
    "too deep an object": (Q, '{"x":' * DEEP, "$.x", "nests too deeply"),
    "too deep for the log": (SHARED_MEMORY, {"mood": json.loads("[" * 500 + "]" * 500)}, "$", "nests deeper than 400"),
    "a lone surrogate in a key": (Q, '{"q_table": {"\\ud800|||a": {"value": 1}}}', "$.q_table", "surrogate"),
    "a lone surrogate in a text": (SHARED_MEMORY, memory_file(x=entry("\ud800")), "$.memories.semantic", "surrogate"),
    "one in a goal": (SHARED_MEMORY, memory_file(x=entry(goal_values={"\ud800": {"value": 1}})), "$.memories", "surr"),
    "one in a lesson": (Q, q_file(("s|||a", {"learned_lessons": ["\ud800"]})), "$.q_table['s|||a']", "surrogate"),
    "one that nobody knows": (Q, q_file(("s|||a", {}), mood=["\ud800"]), "$", "surrogate"),
    "an unknown level": (SHARED_MEMORY, memory_file(level="psychic", x=entry()), "$.memories.psychic", "no level"),
    "no date": (SHARED_MEMORY, memory_file(x=entry(created_at="soon")), "$.memories.semantic", "could not convert"),
    "not a number as a date": (SHARED_MEMORY, memory_file(x=entry(created_at="nan")), "$.memories.semantic", "finite"),
    "an unknown status": (TODO, {"subtasks": {"t": {"status": "done"}}}, "$.subtasks.t.status", "'pending'"),
    "no text of a brain": (BRAIN, {"hippocampus": "__import__('os')"}, "$.hippocampus[0]", "no list of EpisodicMemory"),
    "a call in a brain": (BRAIN, {"hippocampus": "[EpisodicMemory(content=f())]"}, "$.hippocampus[0]", "be read"),
    "a deep brain": (BRAIN, {"neocortex": "[" * 100_000}, "$.neocortex[0]", "no list of SemanticPattern"),
    "no number of a brain": (BRAIN, {"total_consolidations": "many"}, "$.total_consolidations", "invalid literal"),
    "an episode without a number": ("episode_history/episode_1.json", {}, "$.episode", "Field required"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_told_with_its_file_and_place(what: str, tmp_path: Path) -> None:
    """Whatever is wrong with a file is a typed error that says where; nothing is written."""
    file, content, path, word = DAMAGE[what]
    told = refused(tmp_path, {file: content})
    assert [(name, word in message) for name, at, message in told if at.startswith(path)][:1] == [(file, True)]


def test_all_that_is_wrong_is_told_together(tmp_path: Path) -> None:
    """Each wrong field of each file is named, and more than can be told are counted."""
    wrong: Any = {f"e{n}": entry(default_value="x", access_count=-1) for n in range(MOST)}
    files = {Q: q_file(("s|||a", {"value": "x", "visit_count": "y"})), SHARED_MEMORY: memory_file(**wrong)}
    with pytest.raises(ImportRefused) as caught:
        imported(tmp_path / "out", tree(tmp_path / "from", files))
    assert caught.value.count == 2 * MOST + 2
    assert len(caught.value.problems) == MOST
    assert f"and {2 * MOST + 1} more" in caught.value.message


def test_a_partial_import_takes_what_is_sound_and_tells_of_the_rest(tmp_path: Path) -> None:
    """An entry is taken with all that belongs to it or not at all; of a file that breaks off, what comes before."""
    said = json.dumps(q_file(("s|||a", {}), ("s|||b", {"td_errors": [1.0, "x"]}), ("s|||c", {})))
    files = {
        Q: said,
        SHARED_MEMORY: json.dumps(memory_file(x=entry(), y=entry(), z=entry()))[:-120],
        f"{LOCAL}/A.json": "nothing",
    }
    report = imported(tmp_path / "out", tree(tmp_path / "from", files), partial=True)
    state = History(tmp_path / "out").at()
    assert list(state.q_table) == [("s", "a"), ("s", "c")]
    assert list(state.memory["shared"]["semantic"]) == ["sql:join:x"]
    assert [one.path for one in report.problems] == [
        "$",
        "$.memories.semantic['sql:join:y']",
        "$.q_table['s|||b'].td_errors[1]",
    ]
    assert report.problem_count == 3
    assert list(History(tmp_path / "out").verify(deep=True)) == []


def test_a_value_that_the_log_cannot_hold_takes_no_part_of_its_entry_along(tmp_path: Path) -> None:
    """A goal value of an entry whose context is too deep is left out with it."""
    deep = json.loads("[" * 450 + "]" * 450)
    files = {SHARED_MEMORY: memory_file(x=entry(context={"d": deep}, goal_values={"g": {"value": 0.5}}), y=entry())}
    report = imported(tmp_path / "out", tree(tmp_path / "from", files), partial=True)
    assert list(History(tmp_path / "out").at().memory["shared"]["semantic"]) == ["sql:join:y"]
    assert report.problem_count == 1


def test_a_value_of_another_file_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single value larger than any event is refused, as soon as that much of it was read."""
    monkeypatch.setattr(document, "LARGEST", 3 * PIECE)
    told = refused(tmp_path, {Q: '{"q_table": {}, "alpha": "' + "x" * 8 * PIECE})
    assert "more than" in told[0][2]
    assert told[0][1] == "$.alpha"


def test_an_entry_larger_than_a_line_of_the_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So are fields that nobody knows, if the event that keeps them would be too large."""
    monkeypatch.setattr(planning, "MAX_LINE", planning._ROOM + 1000)
    told = refused(tmp_path, {SHARED_MEMORY: {**memory_file(x=entry("x" * 2000)), "mood": "y" * 2000}})
    assert [path for _, path, _ in told] == ["$.memories.semantic['sql:join:x']", "$"]


def test_a_huge_file_is_not_read_beyond_what_is_wrong_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of 2 GB of zeros is refused after its first piece."""
    folder = tree(tmp_path / "from", {Q: ""})
    os.truncate(folder / "jotty_state" / Q, 2 << 30)
    read: list[int] = []
    whole = DiskFiles.read

    def counting(self: DiskFiles, path: str, start: int = 0, limit: int | None = None) -> bytes:
        found = whole(self, path, start, limit)
        read.append(len(found))
        return found

    monkeypatch.setattr(DiskFiles, "read", counting)
    with pytest.raises(ImportRefused, match="Expecting value"):
        imported(tmp_path / "out", folder)
    assert sum(read) <= 2 * document.LARGEST + 2 * PIECE
    assert not (tmp_path / "out").exists()


# What stands in the place of a file.


def fifo(path: Path, elsewhere: Path) -> None:
    os.mkfifo(path)


def link(path: Path, elsewhere: Path) -> None:
    path.symlink_to(elsewhere)


def folder_of_that_name(path: Path, elsewhere: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("stands", [fifo, link, folder_of_that_name])
@pytest.mark.parametrize("file", [Q, SHARED_MEMORY, f"{LOCAL}/A.json", BRAIN, TODO])
def test_only_plain_files_are_read(file: str, stands: Any, partial: bool, tmp_path: Path) -> None:
    """A FIFO does not hold the import up, a link leads nowhere, a folder is no file: each is told, none is read."""
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(q_file(("secret|||a", {}))))
    folder = tree(tmp_path / "from", {"q_tables/other.json": SOUND})
    path = folder / "jotty_state" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    stands(path, secret)
    if partial:
        report = imported(tmp_path / "out", folder, partial=True)
        assert [(one.file, one.path) for one in report.problems] == [(f"jotty_state/{file}", "$")]
        assert list(History(tmp_path / "out").at().q_table) == [("s", "a"), ("s", "b")]
    else:
        with pytest.raises(ImportRefused, match=file):
            imported(tmp_path / "out", folder)


@pytest.mark.parametrize("name", ["q_tables", "memories", "memories/local_memories"])
def test_no_link_is_followed_out_of_the_folder(name: str, tmp_path: Path) -> None:
    """A folder that is a link is told, and what it leads to is not read."""
    tree(tmp_path / "secret", {Q: SOUND, SHARED_MEMORY: memory_file(x=entry()), f"{LOCAL}/A.json": memory_file("A")})
    folder = tree(tmp_path / "from", {BRAIN: {}})
    place = folder / "jotty_state" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(tmp_path / "secret" / "jotty_state" / name)
    report = imported(tmp_path / "out", folder, partial=True)
    assert [one.file for one in report.problems] == [f"jotty_state/{name}"]
    assert [file.file for file in report.runs[0].files] == [f"jotty_state/{BRAIN}"]


def test_a_run_that_is_a_link_is_told(tmp_path: Path) -> None:
    """Only folders that stand where they seem to are looked into."""
    tree(tmp_path / "secret", {Q: SOUND})
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "run_1").symlink_to(tmp_path / "secret")
    with pytest.raises(ImportRefused, match="run_1"):
        imported(tmp_path / "out", tmp_path / "from")


def test_names_lead_nowhere(tmp_path: Path) -> None:
    """An agent may be called like a path, and a file by a name that no path has: nothing outside is touched."""
    files = {f"{LOCAL}/A.json": memory_file("../../../evil", x=entry()), Q: q_file(("../x|||/etc/passwd", {}))}
    folder = tree(tmp_path / "from", files)
    before = bytes_below(folder)
    imported(tmp_path / "out", folder)
    assert bytes_below(folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from", "out"]
    assert list(History(tmp_path / "out").at().memory) == ["../../../evil"]
    odd = folder / "jotty_state" / LOCAL / "a\\..\\b.json"
    odd.write_text("{}")
    with pytest.raises(ImportRefused, match="no path below"):
        imported(tmp_path / "again", folder)


def test_two_files_of_one_agent_are_told(tmp_path: Path) -> None:
    """Which of the two is meant cannot be known; an agent that is called as what all share is told as well."""
    files = {
        f"{LOCAL}/A.json": memory_file("A", x=entry()),
        "memories/agent_memories/A.json": memory_file("A", y=entry()),
        f"{LOCAL}/B.json": memory_file("shared", x=entry()),
    }
    told = refused(tmp_path, files)
    assert [(path, "as well" in message) for _, path, message in told] == [
        ("$.agent_name", True),
        ("$.agent_name", False),
    ]


def test_a_folder_without_any_of_the_files_is_told(tmp_path: Path) -> None:
    """An empty folder is refused, with what below it may have been meant, and one that is not there is missing."""
    (tmp_path / "from").mkdir()
    with pytest.raises(ImportRefused, match="no file of the original's") as caught:
        imported(tmp_path / "out", tmp_path / "from", partial=True)
    assert "such as" not in caught.value.hint
    tree(tmp_path / "from" / "deeper", {Q: SOUND})
    with pytest.raises(ImportRefused) as caught:
        imported(tmp_path / "out", tmp_path / "from")
    assert "such as deeper below it" in caught.value.hint
    with pytest.raises(MissingFile):
        imported(tmp_path / "out", tmp_path / "nowhere")
    with pytest.raises(UnsafeFile, match="is no folder") as refused:
        imported(tmp_path / "out", tmp_path / "from" / "deeper" / "jotty_state" / Q)
    assert "stands in" in refused.value.hint


def test_a_file_that_changes_meanwhile_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written must be what was looked at: else the run stays a draft, and the error names the file."""
    folder = tree(tmp_path / "from", {Q: SOUND})
    named = writing.Writing._named

    def changing(self: Any, plan: Any) -> Any:
        tree(folder, {Q: q_file(("s|||other", {}))})
        return named(self, plan)

    monkeypatch.setattr(writing.Writing, "_named", changing)
    with pytest.raises(FormatError, match="was changed while it was imported"):
        imported(tmp_path / "out", folder)
    history = History(tmp_path / "out")
    assert history.tree.latest() is None
    assert [run.draft for run in history.runs()] == [True]
    assert list(history.check()) == []


def test_a_refused_import_leaves_what_was_there(tmp_path: Path) -> None:
    """The history is byte by byte what it was before (P11, P12)."""
    imported(tmp_path / "out", tree(tmp_path / "first", {Q: SOUND}))
    before = bytes_below(tmp_path / "out")
    cluster = {"tier2_clusters": {"good": {"centroid": "c", "members": []}, "bad": {"centroid": 1}}}
    with pytest.raises(ImportRefused, match="centroid"):
        imported(tmp_path / "out", tree(tmp_path / "second", {Q: q_file(("new|||a", {}), alpha=0.7, **cluster)}))
    assert bytes_below(tmp_path / "out") == before


# Any bytes.


class Whole:
    """A text in one piece."""

    def __init__(self, text: str) -> None:
        self._rest = text

    def read(self, least: int = 0, /) -> str:
        found, self._rest = self._rest, ""
        return found


@given(st.text(alphabet='{}[]",:.eE+-0123456789truefalsnN\\ud \n', max_size=60), st.integers(0, 3))
def test_any_text_is_values_or_malformed(text: str, depth: int) -> None:
    """What is read of it is what the standard library reads, or it is refused where that refuses it."""
    try:
        json.loads(text)
        sound = True
    except (ValueError, RecursionError):
        sound = False
    try:
        list(Document(Whole(text), lambda path: len(path) < depth).items())
        assert sound
    except Malformed:
        assert not sound


@settings(max_examples=25)
@given(data=st.data())
def test_any_damage_to_a_file_is_told_or_harmless(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bytes of a file are changed at random: it is imported and sound, or refused with nothing written."""
    text = bytearray(json.dumps(memory_file(x=entry(goal_values={"g": {"value": 0.5}}), y=entry())).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    tmp_path = tmp_path_factory.mktemp("damage")
    try:
        imported(tmp_path / "out", tree(tmp_path / "from", {SHARED_MEMORY: bytes(text)}))
    except ImportRefused:
        assert not (tmp_path / "out").exists()
    else:
        assert list(History(tmp_path / "out").verify(deep=True)) == []


@given(st.text(alphabet="[]()=,'{}EpisodicMemory x01.\\\n", max_size=60))
def test_any_text_of_a_brain_is_objects_or_unreadable(text: str) -> None:
    """It is never run, and never an error of another kind."""
    for one in parsed(text, "EpisodicMemory"):
        assert isinstance(one, dict | Unreadable)


def test_places_are_told_in_full_and_in_few_words() -> None:
    """Plain names stand after dots, others in brackets, and very long ones are cut."""
    assert json_path(("memories", 3, "a:b")) == "$.memories[3]['a:b']"
    assert json_path(()) == "$"
    assert len(json_path(("x y" * 100,))) < 130
