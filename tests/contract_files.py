"""What every implementation of `Files` must do; a subclass provides the fixture `files`, empty and with no root yet."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from jotty_events.errors import JottyError, LockHeld, MissingFile, NameTaken, UnsafeFile
from jotty_events.log.files import Files

UNSAFE_PATHS = [
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    ".",
    "./x",
    "a//b",
    "a/",
    "a\0b",
    "a\\b",
    "n" * 256,
    "é" * 128,
    "\ud800",
]

ON_A_PATH: dict[str, Callable[[Files, str], object]] = {
    "names": lambda files, path: files.names(path),
    "exists": lambda files, path: files.exists(path),
    "size": lambda files, path: files.size(path),
    "read": lambda files, path: files.read(path),
    "make_folder": lambda files, path: files.make_folder(path),
    "create": lambda files, path: files.create(path),
    "replace": lambda files, path: files.replace(path, b"x"),
    "sync": lambda files, path: files.sync(path),
    "remove": lambda files, path: files.remove(path),
    "move_folder": lambda files, path: files.move_folder(path, "moved"),
    "move_folder_to": lambda files, path: files.move_folder("moved", path),
    "lock": lambda files, path: files.lock(path),
    "is_locked": lambda files, path: files.is_locked(path),
    "point": lambda files, path: files.point(path, "target"),
    "point_target": lambda files, path: files.point("link", path),
}

ON_A_FILE = ["size", "read", "replace", "lock", "is_locked"]

each_operation = pytest.mark.parametrize("operation", sorted(ON_A_PATH))
each_file_operation = pytest.mark.parametrize("operation", ON_A_FILE)


def put(files: Files, path: str, data: bytes) -> None:
    """Append `data` to a new file and close it."""
    file = files.create(path)
    file.write(data)
    file.close()


class FilesContract:
    """The behaviour that the log relies on, whatever keeps the bytes."""

    def test_appended_bytes_come_back_in_order(self, files: Files) -> None:
        """What was written in pieces is read as one, and the appender counts it."""
        file = files.create("x")
        assert (file.path, file.size) == ("x", 0)
        file.write(b"one")
        file.write(b"")
        file.write(b"two")
        file.sync()
        assert (file.size, files.size("x"), files.read("x")) == (6, 6, b"onetwo")
        file.close()

    def test_bytes_are_readable_before_a_sync(self, files: Files) -> None:
        """A reader sees what the writer wrote, synced or not."""
        file = files.create("x")
        file.write(b"early")
        assert files.read("x") == b"early"
        file.close()

    @pytest.mark.parametrize(
        ("start", "limit", "expected"),
        [
            (0, None, b"0123456789"),
            (3, None, b"3456789"),
            (3, 4, b"3456"),
            (8, 9, b"89"),
            (10, 1, b""),
            (99, None, b""),
            (0, 0, b""),
            (0, 1 << 50, b"0123456789"),
        ],
    )
    def test_a_read_gives_the_stretch_that_was_asked_for(
        self, files: Files, start: int, limit: int | None, expected: bytes
    ) -> None:
        """A stretch past the end gives what there is; a huge limit costs nothing."""
        put(files, "x", b"0123456789")
        assert files.read("x", start, limit) == expected

    @pytest.mark.parametrize(("start", "limit"), [(-1, None), (0, -1)])
    def test_a_negative_stretch_is_refused(self, files: Files, start: int, limit: int | None) -> None:
        """Counting from the end is not offered, so it is not guessed at."""
        put(files, "x", b"0123")
        with pytest.raises(ValueError, match="negative"):
            files.read("x", start, limit)

    @pytest.mark.parametrize("operation", ["read", "size", "sync", "remove"])
    @pytest.mark.parametrize("path", ["x", "no/folder/x"])
    def test_what_is_not_there_is_missing(self, files: Files, operation: str, path: str) -> None:
        """The error names the file and says what to do, with and without its folder, with and without a root."""
        for _ in range(2):
            with pytest.raises(MissingFile) as caught:
                ON_A_PATH[operation](files, path)
            assert caught.value.file == files.describe(path)
            assert caught.value.hint
            files.replace("neighbour", b"")

    def test_a_missing_root_is_an_empty_one(self, files: Files) -> None:
        """Looking at nothing finds nothing, and makes nothing."""
        assert files.names("") == files.names("a/b") == []
        assert not files.exists("")
        assert not files.exists("a/b")
        assert not files.is_locked("a/LOCK")
        with pytest.raises(MissingFile):
            files.sync("")
        assert not files.exists("")

    def test_the_root_is_made_by_the_first_write(self, files: Files) -> None:
        """Nobody has to make the output folder."""
        put(files, "x", b"")
        assert files.exists("")
        assert files.names("") == ["x"]
        files.sync("")

    def test_names_are_sorted_and_of_one_folder(self, files: Files) -> None:
        """A listing has no order of its own and does not descend."""
        files.make_folder("d/e")
        for name in ("d/z", "d/A", "d/10", "d/9", "d/e/inner"):
            put(files, name, b"")
        assert files.names("d") == ["10", "9", "A", "e", "z"]
        assert files.names("") == ["d"]

    def test_a_folder_is_made_once(self, files: Files) -> None:
        """Of two that take one name, the second learns it."""
        files.make_folder("a/b/c")
        assert files.names("a/b") == ["c"]
        for path in ("a/b/c", "a/b", "a"):
            with pytest.raises(NameTaken):
                files.make_folder(path)
        files.make_folder("a/b/d")
        assert files.names("a/b") == ["c", "d"]

    def test_a_taken_name_is_taken_whatever_stands_there(self, files: Files) -> None:
        """A file, a folder and a dangling link each keep their name and stay as they were."""
        put(files, "file", b"kept")
        files.make_folder("folder")
        files.point("link", "nowhere")
        for path in ("file", "folder", "link"):
            with pytest.raises(NameTaken):
                files.make_folder(path)
            with pytest.raises(NameTaken):
                files.create(path)
        assert files.read("file") == b"kept"
        assert files.names("") == ["file", "folder", "link"]

    @pytest.mark.parametrize("operation", ["create", "replace", "lock"])
    def test_writing_into_a_folder_that_is_gone_is_a_plain_oserror(self, files: Files, operation: str) -> None:
        """A writer whose folder was taken away treats it as a failed write."""
        with pytest.raises(FileNotFoundError) as caught:
            ON_A_PATH[operation](files, "gone/x")
        assert not isinstance(caught.value, JottyError)

    def test_a_replaced_file_is_the_new_one(self, files: Files) -> None:
        """Replacing works on a new name and an old one, and leaves nothing aside."""
        files.make_folder("d")
        files.replace("d/x", b"first")
        files.replace("d/x", b"2")
        assert files.read("d/x") == b"2"
        assert files.names("d") == ["x"]

    def test_an_appender_of_a_replaced_file_does_not_reach_the_new_one(self, files: Files) -> None:
        """A paused writer cannot write into what took its place."""
        old = files.create("x")
        files.replace("x", b"new")
        old.write(b"late")
        old.close()
        assert files.read("x") == b"new"

    def test_a_replacement_does_not_push_a_folder_or_a_link_aside(self, files: Files) -> None:
        """What is no file is not ours to replace."""
        files.make_folder("folder")
        files.point("link", "folder")
        for path in ("folder", "link"):
            with pytest.raises(UnsafeFile):
                files.replace(path, b"x")
        assert files.names("") == ["folder", "link"]
        assert files.names("folder") == []

    def test_files_and_folders_can_be_synced(self, files: Files) -> None:
        """A finished file of somebody else, its folder and the root can all be made durable."""
        files.make_folder("d")
        put(files, "d/x", b"1")
        for path in ("d/x", "d", ""):
            files.sync(path)
        assert files.read("d/x") == b"1"

    def test_a_removed_file_is_gone_and_its_name_free(self, files: Files) -> None:
        """The name can be taken again by a file that starts empty."""
        put(files, "x", b"old")
        files.remove("x")
        assert not files.exists("x")
        put(files, "x", b"")
        assert files.read("x") == b""

    def test_a_folder_is_not_removed(self, files: Files) -> None:
        """Removing is for files; a folder and its content stay."""
        files.make_folder("d")
        put(files, "d/x", b"1")
        with pytest.raises(UnsafeFile):
            files.remove("d")
        assert files.read("d/x") == b"1"

    def test_a_viewed_file_outlives_its_name(self, files: Files) -> None:
        """What was viewed can be read after the file was removed; an empty file has an empty view."""
        put(files, "x", b"content")
        put(files, "empty", b"")
        view = files.view("x")
        files.remove("x")
        assert bytes(view) == b"content"
        assert len(files.view("empty")) == 0
        with pytest.raises(MissingFile):
            files.view("x")

    def test_only_an_empty_folder_is_removed_as_one(self, files: Files) -> None:
        """A folder that holds something stays, and so does a file."""
        files.make_folder("d")
        put(files, "d/x", b"1")
        for path in ("d", "d/x"):
            with pytest.raises((OSError, JottyError)):
                files.remove_folder(path)
        files.remove("d/x")
        files.remove_folder("d")
        assert not files.exists("d")
        with pytest.raises(MissingFile):
            files.remove_folder("d")

    def test_a_moved_folder_keeps_what_is_in_it(self, files: Files) -> None:
        """A folder that was moved is found under its new name, with its files, and no more under the old one."""
        files.make_folder("begun/a")
        files.make_folder("done")
        put(files, "begun/a/file", b"data")
        files.move_folder("begun/a", "done/b")
        assert (files.names("begun"), files.names("done"), files.read("done/b/file")) == ([], ["b"], b"data")

    @pytest.mark.parametrize("standing", ["file", "folder"])
    def test_a_folder_is_moved_over_nothing(self, files: Files, standing: str) -> None:
        """Whatever stands at the new name stays, an empty folder too, and the old name as well."""
        files.make_folder("a")
        put(files, "b", b"") if standing == "file" else files.make_folder("b")
        with pytest.raises(NameTaken):
            files.move_folder("a", "b")
        assert files.names("") == ["a", "b"]

    def test_only_a_folder_is_moved_as_one(self, files: Files) -> None:
        """A file is no folder, what is missing is missing, and so is a place to move to."""
        put(files, "file", b"data")
        with pytest.raises(UnsafeFile):
            files.move_folder("file", "other")
        with pytest.raises(MissingFile):
            files.move_folder("gone", "other")
        files.make_folder("a")
        with pytest.raises(FileNotFoundError):
            files.move_folder("a", "gone/b")

    def test_removing_a_link_leaves_what_it_points_at(self, files: Files) -> None:
        """A link is a name of its own."""
        put(files, "x", b"1")
        files.point("link", "x")
        files.remove("link")
        assert files.names("") == ["x"]

    def test_a_closed_appender_takes_nothing(self, files: Files) -> None:
        """Closing twice is fine, writing afterwards is an OSError and changes nothing."""
        file = files.create("x")
        file.write(b"1")
        file.close()
        file.close()
        with pytest.raises(OSError, match="closed"):
            file.write(b"2")
        with pytest.raises(OSError, match="closed"):
            file.sync()
        assert (file.size, files.read("x")) == (1, b"1")

    def test_a_lock_has_one_owner(self, files: Files) -> None:
        """The second is refused while the first holds it, and served afterwards."""
        first = files.lock("LOCK")
        assert first.held()
        assert files.is_locked("LOCK")
        with pytest.raises(LockHeld) as caught:
            files.lock("LOCK")
        assert caught.value.hint
        assert files.describe("LOCK") in caught.value.message
        first.release()
        first.release()
        assert not first.held()
        assert not files.is_locked("LOCK")
        second = files.lock("LOCK")
        first.release()
        assert second.held()
        assert files.is_locked("LOCK")
        second.release()

    def test_locking_changes_no_bytes(self, files: Files) -> None:
        """A lock file that says something still says it."""
        put(files, "LOCK", b"kept")
        files.lock("LOCK").release()
        assert files.read("LOCK") == b"kept"

    def test_asking_for_a_lock_makes_nothing_and_takes_nothing(self, files: Files) -> None:
        """A probe leaves no file behind, and an owner can come right after it."""
        files.make_folder("d")
        assert not files.is_locked("d/LOCK")
        assert files.names("d") == []
        lock = files.lock("d/LOCK")
        assert files.is_locked("d/LOCK")
        assert files.is_locked("d/LOCK")
        assert lock.held()
        lock.release()

    def test_a_removed_lock_file_is_no_longer_held(self, files: Files) -> None:
        """Whoever lost its lock file knows, and its release does not touch the next owner's lock."""
        first = files.lock("LOCK")
        files.remove("LOCK")
        assert not first.held()
        assert not files.is_locked("LOCK")
        second = files.lock("LOCK")
        assert second.held()
        assert not first.held()
        first.release()
        assert second.held()
        assert files.is_locked("LOCK")
        second.release()

    def test_a_replaced_lock_file_is_no_longer_held(self, files: Files) -> None:
        """A file of the same name is not the same file."""
        lock = files.lock("LOCK")
        files.replace("LOCK", b"")
        assert not lock.held()
        lock.release()

    @each_file_operation
    def test_a_folder_in_place_of_a_file_is_refused(self, files: Files, operation: str) -> None:
        """The error names it and says what to do; the folder stays."""
        files.make_folder("d/x")
        with pytest.raises(UnsafeFile) as caught:
            ON_A_PATH[operation](files, "d/x")
        assert caught.value.file == files.describe("d/x")
        assert "folder" in caught.value.message
        assert caught.value.hint
        assert files.names("d") == ["x"]

    @each_file_operation
    @pytest.mark.parametrize("target", ["other", "nowhere"])
    def test_a_link_in_place_of_a_file_is_not_followed(self, files: Files, operation: str, target: str) -> None:
        """Neither what it points at nor the link itself is changed or made."""
        put(files, "other", b"kept")
        files.point("x", target)
        with pytest.raises(UnsafeFile, match="symbolic link"):
            ON_A_PATH[operation](files, "x")
        assert files.names("") == ["other", "x"]
        assert files.read("other") == b"kept"

    @pytest.mark.parametrize("operation", sorted(set(ON_A_PATH) - {"point_target"}))
    @pytest.mark.parametrize("obstacle", ["link", "file"])
    def test_the_way_to_a_file_leads_through_folders_only(self, files: Files, operation: str, obstacle: str) -> None:
        """A link or a file in the middle of a path is refused, also where the link points at a good folder."""
        files.make_folder("real")
        put(files, "file", b"kept")
        files.point("link", "real")
        with pytest.raises(UnsafeFile):
            ON_A_PATH[operation](files, f"{obstacle}/x")
        with pytest.raises(UnsafeFile):
            ON_A_PATH[operation](files, f"{obstacle}/deeper/x")
        assert files.names("real") == []
        assert files.read("file") == b"kept"

    def test_a_link_or_a_file_is_not_listed_as_a_folder(self, files: Files) -> None:
        """A listing of something else is refused, not empty."""
        files.make_folder("real")
        files.point("link", "real")
        put(files, "file", b"")
        for path in ("link", "file"):
            with pytest.raises(UnsafeFile):
                files.names(path)
        with pytest.raises(UnsafeFile):
            files.sync("link")

    def test_a_link_can_be_moved_and_may_dangle(self, files: Files) -> None:
        """A link exists by its own name, whatever it points at."""
        files.point("latest", "run_1")
        files.point("latest", "run_2")
        assert files.exists("latest")
        assert not files.exists("run_2")
        assert files.names("") == ["latest"]

    def test_a_link_to_no_name_is_none(self, files: Files) -> None:
        """As on a disk, which refuses an empty target: nothing is made, and what there was stays."""
        files.point("latest", "")
        assert files.names("") == []
        files.point("latest", "run_1")
        files.point("latest", "")
        assert files.exists("latest")

    def test_a_link_displaces_no_file_and_no_folder(self, files: Files) -> None:
        """What a user keeps under that name stays."""
        put(files, "file", b"kept")
        files.make_folder("folder/inner")
        files.point("file", "x")
        files.point("folder", "x")
        files.point("gone/link", "x")
        assert files.read("file") == b"kept"
        assert files.names("folder") == ["inner"]
        assert files.names("") == ["file", "folder"]

    @each_operation
    @pytest.mark.parametrize("path", UNSAFE_PATHS, ids=ascii)
    def test_a_path_that_leaves_the_root_is_refused(self, files: Files, operation: str, path: str) -> None:
        """Every operation refuses it with a hint before anything is made."""
        with pytest.raises(UnsafeFile) as caught:
            ON_A_PATH[operation](files, path)
        assert caught.value.hint
        assert not files.exists("")

    @pytest.mark.parametrize("operation", sorted(set(ON_A_PATH) - {"names", "exists", "sync", "point_target"}))
    def test_the_root_is_no_file(self, files: Files, operation: str) -> None:
        """Only looking at the root and syncing it make sense."""
        files.make_folder("d")
        with pytest.raises(UnsafeFile):
            ON_A_PATH[operation](files, "")

    @pytest.mark.parametrize("name", ["n" * 255, "é" * 127 + "x", "...", " ", "a b\n", "~", "-rf", "CON", "\udcff"])
    def test_a_name_that_is_only_odd_works(self, files: Files, name: str) -> None:
        """A name of the full length or of strange characters is a name."""
        put(files, name, b"1")
        assert files.names("") == [name]
        files.replace(name, b"22")
        files.lock(name).release()
        assert files.read(name) == b"22"

    def test_of_many_threads_one_takes_a_name(self, files: Files) -> None:
        """Taking a name is one step: there is exactly one winner per name."""

        def take(turn: int) -> bool:
            try:
                files.make_folder(f"run/{turn % 20}")
            except NameTaken:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            wins = sum(pool.map(take, range(160)))
        assert wins == len(files.names("run")) == 20

    def test_a_path_is_described_by_its_place(self, files: Files) -> None:
        """A message can name any path, also one that would be refused."""
        assert files.describe("a/b").endswith("a/b")
        assert files.describe("a/b") != files.describe("a/c")
        assert "../x" in files.describe("../x")
