"""The keys about readers, channels and deliveries: what they make, what is refused, and where."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.keys import reading_of

from briefing import archive
from briefing.config import load_project, load_settings
from briefing.config.audiences import COLUMNS, PLAIN_ADDRESS, folded, read_suppressed
from briefing.config.carriers import ChannelKeys, build_carriers
from briefing.config.deliveries import DeliveryKeys
from briefing.config.mail import bare_address
from briefing.config.models import ConfigKeys
from briefing.config.secrets import Reference
from briefing.errors import ProblemsError
from briefing.structures import ALL_EDITIONS, MAIL, Recipient

HOW_TO = Path(__file__).parents[2] / "docs" / "howto" / "readers.md"
SERVER = "mail: {host: smtp.example.org, sender: briefing@example.org}\n"
TO_PRESS = "deliveries:\n  - report: library-loans\n    to: [press]\n"
PRESS = f"{SERVER}audiences: {{press: {{file: readers/press.csv}}}}\n{TO_PRESS}"
SHELF = "channels: {shelf: {folder: output/delivered}}\n"
PARAMETER = "grain: month\nparameters: {place: branches.branch}"


@pytest.fixture
def library(small_project):
    """Adds keys to the small project's config.yaml, writes further files, and reads all of it."""
    before = small_project.read("config.yaml").count("\n")

    def reading(keys: str, files: dict[str, str | bytes] | None = None, *, parameter: bool = False):
        if parameter:  # then the report has an edition for each branch
            name = small_project.report_file
            small_project.replace(name, "grain: month", PARAMETER)
            small_project.replace(name, "medium == 'book'", "branch == parameters.place")
        for name, content in (files or {}).items():
            path = small_project.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        small_project.write("config.yaml", small_project.read("config.yaml") + keys)
        return load_project(small_project.root)

    reading.root = small_project.root
    reading.lines = before
    reading.project = small_project
    return reading


@pytest.fixture
def refused(library):
    """What is wrong with these keys and files; lines count from the first of these keys."""

    def reading(keys: str, files: dict[str, str | bytes] | None = None, *, parameter: bool = False):
        with pytest.raises(ProblemsError) as caught:
            library(keys, files, parameter=parameter)
        return [
            (
                problem.file,
                problem.line - (library.lines if problem.file == "config.yaml" else 0),
                problem.where,
                problem.what,
            )
            for problem in caught.value.problems
        ]

    return reading


def press(rows: str, header: str = ",".join(COLUMNS)) -> dict[str, str | bytes]:
    return {"readers/press.csv": f"{header}\n{rows}"}


# -- what they make ---------------------------------------------------------------------------


def test_nothing_said_is_nothing_delivered(library):
    found = library("").deliveries
    assert (found.rules, found.channels, found.files) == ((), (), ())
    assert (found.suppressed, found.suppress_file) == (frozenset(), None)


def test_a_list_is_read_with_what_is_left_out_filled_in(library):
    rows = (
        "ann@example.org,Ann,ko,main hill,mail\n"
        "\n"
        '"ben@example.org","Ben, the\u3000elder",,all,\n'
        "kim@example.org,김 기자,ko,main,mail\n"
    )
    project = library(PRESS, press(rows), parameter=True)
    (rule,) = project.deliveries.rules
    assert rule.report == "library-loans"
    assert (rule.when, rule.otherwise, rule.release) == ("always", "skip", "auto")
    assert rule.recipients == (
        Recipient("ann@example.org", "Ann", "ko", ("main", "hill"), MAIL, "readers/press.csv:2"),
        Recipient(
            "ben@example.org", "Ben, the\u3000elder", "en", (ALL_EDITIONS,), MAIL,
            "readers/press.csv:4",
        ),
        Recipient("kim@example.org", "김 기자", "ko", ("main",), MAIL, "readers/press.csv:5"),
    )  # fmt: skip


def test_a_list_needs_no_more_than_addresses_and_may_begin_with_a_mark(library):
    lines = "address\r\nann@example.org\r\nben@example.org\r\n"
    files = {"readers/press.csv": b"\xef\xbb\xbf" + lines.encode()}
    (rule,) = library(PRESS, files).deliveries.rules
    assert [(reader.address, reader.place) for reader in rule.recipients] == [
        ("ann@example.org", "readers/press.csv:2"),
        ("ben@example.org", "readers/press.csv:3"),
    ]


def test_readers_may_stand_in_the_file_itself(library):
    keys = (
        f"{SERVER}audiences:\n  press:\n    readers:\n"
        "      - {address: ann@example.org, editions: all}\n"
        "      - address: ben@example.org\n        language: ko\n        editions: [hill]\n"
    )
    (rule,) = library(keys + TO_PRESS, parameter=True).deliveries.rules
    first, second = rule.recipients
    assert (first.language, first.editions) == ("en", (ALL_EDITIONS,))
    assert (second.language, second.editions) == ("ko", ("hill",))
    assert second.place == f"config.yaml:{library.lines + 6}"
    assert rule.readers("en", "main") == (first,)
    assert rule.readers("ko", "hill") == (second,)
    assert rule.readers("ko", "main") == ()


def test_everything_about_a_delivery_is_made_into_a_rule(library):
    keys = (
        f"{PRESS}    channels: [shelf, chat, own, shelf]\n"
        "    when: tables.by_branch.count > 0\n    otherwise: notice\n    release: approve\n"
        "channels:\n"
        "  shelf: {folder: 's3://bucket/x', options: {key: '${KEY}', anon: false, port: 9}}\n"
        "  chat: {notify: '${CHAT}', link: 'https://example.org/b', attach: true}\n"
        "  own: {use: 'ours.ways:Fax', options: {number: '12', api_token: 'file:fax.txt'}}\n"
    )
    found = library(keys, press("ann@example.org,,,,chat\n")).deliveries
    (rule,) = found.rules
    assert (rule.when, rule.otherwise) == ("tables.by_branch.count > 0", "notice")
    assert (rule.release, rule.channels) == ("approve", ("shelf", "chat", "own"))
    assert rule.line == library.lines + 4
    assert found.rule("library-loans") == rule
    shelf, chat, own = found.channels
    assert (shelf.name, shelf.kind, shelf.path) == ("shelf", "folder", "s3://bucket/x")
    key, anon, port = shelf.options
    assert (anon, port) == (("anon", "false"), ("port", "9"))
    assert key[1].resolve({"KEY": "s"}).reveal() == "s"
    assert key[1].where == "channels.shelf.options.key"
    assert (chat.kind, chat.link, chat.attach) == ("notify", "https://example.org/b", True)
    assert chat.url.resolve({"CHAT": "slack://x"}).reveal() == "slack://x"
    assert (own.kind, own.use, own.options[0]) == ("use", "ours.ways:Fax", ("number", "12"))
    assert isinstance(own.options[1][1], Reference)


def test_no_list_of_readers_is_an_input_of_an_issue(library):
    keys = f"{PRESS}readers: {{suppressed: readers/suppressed.txt}}\n"
    files = press("ann@example.org,,,,\n") | {"readers/suppressed.txt": "cat@example.org\n"}
    project = library(keys, files)
    lists = (library.root / "readers/press.csv", library.root / "readers/suppressed.txt")
    assert project.deliveries.files == lists
    assert not set(project.inputs.values()) & set(lists)
    assert project.deliveries.suppress_file == lists[1]


def test_the_ledger_can_be_looked_into_while_lists_of_readers_are_broken(library):
    with pytest.raises(ProblemsError):
        library(PRESS)  # without the file
    assert load_settings(library.root).languages == ("en", "ko")


def test_a_report_named_as_the_shelf_would_lie_in_it(library, refused):
    library.project.replace("config.yaml", "library-loans", "delivered")
    library.project.replace("config.yaml", "report: library-loans", "report: delivered")
    (library.root / "report_templates/library-loans").rename(
        library.root / "report_templates/delivered"
    )
    ((_, line, where, what),) = refused(SHELF)
    assert (line, where) == (1, "channels.shelf.folder")
    assert what == "the issues of the report delivered lie there"


def test_what_is_delivered_inside_the_archive_is_no_issue_of_it(tmp_path):
    issue = "library-loans/2026-10/en/r1"
    for folder in (tmp_path / issue, tmp_path / "delivered" / issue):
        folder.mkdir(parents=True)
        (folder / archive.MANIFEST).write_text('{"report": "library-loans"}', encoding="utf-8")
    assert [found[0] for found in archive.filed_issues(tmp_path)] == [tmp_path / issue]


# -- readers that stand in several places -----------------------------------------------------


def test_the_same_reader_in_two_audiences_is_one(library):
    keys = (
        f"{SERVER}audiences:\n  press: {{file: a.csv}}\n  board: {{file: b.csv}}\n"
        f"{TO_PRESS.replace('[press]', '[press, board]')}"
    )
    header = ",".join(COLUMNS)
    files = {
        "a.csv": f"{header}\nAnn@example.org,,en,main,\n",
        "b.csv": f"{header}\nann@EXAMPLE.org,Ann,en,hill,\n",
    }
    (rule,) = library(keys, files, parameter=True).deliveries.rules
    (reader,) = rule.recipients
    assert (reader.address, reader.name) == ("Ann@example.org", "Ann")
    assert reader.editions == ("main", "hill")


@pytest.mark.parametrize(
    ("first", "second", "where", "said"),
    [
        ("Ann,en,all,", "Anna,en,all,", "name", "has the name 'Ann' in readers/press.csv:2"),
        ("Ann,en,all,", "Ann,ko,all,", "language", "has the language 'en' in readers/press.csv:2"),
        ("Ann,en,all,", "Ann,en,all,shelf", "channel", "has the channel 'mail' in"),
    ],
)
def test_rows_of_a_reader_that_differ_name_both_places(refused, first, second, where, said):
    rows = f"ann@example.org,{first}\nben@example.org,,,,\nANN@example.org,{second}\n"
    ((file, line, key, what),) = refused(PRESS + SHELF, press(rows))
    assert (file, line, key) == ("readers/press.csv", 4, where)
    assert said in what


ADDRESSES = ("ann@example.org", "ben.b@example.org", "c+d@news.example.org")
CASED = st.sampled_from(ADDRESSES).flatmap(
    lambda address: st.lists(st.booleans(), min_size=len(address), max_size=len(address)).map(
        lambda high: "".join(
            letter.upper() if up else letter for letter, up in zip(address, high, strict=True)
        )
    )
)
ROWS = st.lists(
    st.tuples(CASED, st.sets(st.sampled_from(["main", "hill", "harbour", ALL_EDITIONS])))
)


@given(ROWS, st.randoms(use_true_random=False))
def test_each_reader_is_there_once_with_the_editions_of_all_rows(rows, shuffler):
    readers = [Recipient(address, "", "en", tuple(named)) for address, named in rows]
    wanted = {
        address.casefold(): {
            name
            for other, named in rows
            if other.casefold() == address.casefold()
            for name in named
        }
        for address, _ in rows
    }
    for _ in range(3):
        found = folded(readers)
        assert [reader.key for reader in found] == list(dict.fromkeys(r.key for r in readers))
        assert {reader.key: set(reader.editions) for reader in found} == wanted
        assert all(len(reader.editions) == len(set(reader.editions)) for reader in found)
        assert folded(found) == found
        shuffler.shuffle(readers)


@given(st.from_regex(PLAIN_ADDRESS, fullmatch=True))
def test_an_address_that_is_not_looked_at_closely_is_one(text):
    assert bare_address(text) == text


# -- lists that are refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "line", "where", "said"),
    [
        ("ann@example.org,,,,\nben,,,,\n", 3, "address", "'ben' is no mail address"),
        ("Ann <ann@example.org>,,,,\n", 2, "address", "write the address alone"),
        (",Ann,,,\n", 2, "address", "the address is empty"),
        ("ann\uff20example.org,,,,\n", 2, "address", "mail address"),
        ('"ann@example.org\nBcc: x@example.org",,,,\n', 2, "address", "line break"),
        ("ann@example.org,Ann,,\n", 2, "", "4 cells where the header has 5"),
        ("ann@example.org,Ann,,,,x\n", 2, "", "6 cells where the header has 5"),
        ('ann@example.org,"A\nnn",,,\n', 2, "name", "line break"),
        ("ann@example.org,A\u2028nn,,,\n", 2, "name", "line break"),
        ("ann@example.org,,de,,\n", 2, "language", "not made in 'de'"),
        ("ann@example.org,,,,fax\n", 2, "channel", "there is no channel 'fax'"),
        ('ann@example.org,,,,\nben@example.org,"Ben,,,\nx,,,,\n', 3, "", "as CSV"),
        ('ann@example.org,"Ann"x,,,\n', 2, "", "as CSV"),
        ("ann@example.org,,,,\nb\0n@example.org,,,,\n", 3, "", "NUL byte"),
    ],
)
def test_a_row_that_is_wrong_is_a_problem_with_its_line_and_column(
    refused, rows, line, where, said
):
    ((file, found_line, found_where, what),) = refused(PRESS, press(rows))
    assert (file, found_line, found_where) == ("readers/press.csv", line, where)
    assert said in what


@pytest.mark.parametrize(
    ("content", "line", "where", "said"),
    [
        ("", 1, "", "the file is empty"),
        ("name\nann\n", 1, "address", "the column is missing"),
        ("address,address\na@example.org,a@example.org\n", 1, "address", "stands there twice"),
        ("address,phone\na@example.org,1\n", 1, "phone", "not known"),
        (b"address\na@example.org\n\xff@example.org\n", 3, "", "byte 0xff is not UTF-8"),
        ("address\na@example.org\n".encode("utf-16"), 1, "", "NUL byte"),
    ],
)
def test_a_file_that_is_no_list_is_a_problem_with_its_line(refused, content, line, where, said):
    ((file, found_line, found_where, what),) = refused(PRESS, {"readers/press.csv": content})
    assert (file, found_line, found_where) == ("readers/press.csv", line, where)
    assert said in what


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("readers/press.csv", "there is no file readers/press.csv"),
        ("../press.csv", "leads outside the project"),
        ("/etc/passwd", "leads outside the project"),
        ("link.csv", "leads outside the project"),
        ("output/press.csv", "in the folder of the issues"),
        ("report_templates/library-loans/press.csv", "in the folder of the reports"),
    ],
)
def test_a_list_lies_in_the_project_and_apart_from_what_others_see(library, refused, file, said):
    files = {} if file.startswith(("/", "..", "readers", "link")) else {file: "address\n"}
    (library.root.parent / "press.csv").write_text("address\n", encoding="utf-8")
    (library.root / "link.csv").symlink_to(library.root.parent / "press.csv")
    ((_, line, where, what),) = refused(f"audiences: {{press: {{file: {file}}}}}\n", files)
    assert (line, where) == (1, "audiences.press.file")
    assert said in what


def test_a_folder_is_no_list(refused):
    ((file, _, _, what),) = refused("audiences: {press: {file: data}}\n")
    assert (file, what) == ("data", "the file cannot be read: Is a directory")


def test_a_reader_of_another_domain_is_a_problem(refused):
    keys = f"{PRESS}readers: {{allowed_domains: [Example.ORG]}}\n"
    rows = "a@EXAMPLE.org,,,,\nb@example.org.evil.net,,,,\nc@news.example.org,,,,\n"
    found = refused(keys, press(rows))
    assert [(line, where) for _, line, where, _ in found] == [(3, "address"), (4, "address")]
    assert found[0][3] == "the domain example.org.evil.net is not among those allowed"


# -- addresses that receive nothing -----------------------------------------------------------


def test_who_wants_no_more_is_read_anew_each_time(tmp_path):
    file = tmp_path / "suppressed.txt"
    assert read_suppressed(file) == frozenset()
    file.write_text(
        "\ufeff# asked to be left out\r\n\r\nAnn@Example.org\r\n"
        "ben@example.org, moved away, 2026\r\na#b@example.org  # by telephone\r\n",
        encoding="utf-8",
    )
    assert read_suppressed(file) == {"ann@example.org", "ben@example.org", "a#b@example.org"}
    file.write_text("", encoding="utf-8")
    assert read_suppressed(file) == frozenset()


def test_a_line_that_is_no_address_is_a_problem(refused):
    keys = "readers: {suppressed: readers/suppressed.txt}\n"
    files = {"readers/suppressed.txt": "ann@example.org\nben example.org\n, no address\n@\n"}
    found = refused(keys, files)
    assert [(file, line) for file, line, _, _ in found] == [
        ("readers/suppressed.txt", 2),
        ("readers/suppressed.txt", 4),
    ]


def test_the_file_of_who_wants_no_more_stays_inside(refused):
    ((_, line, where, what),) = refused("readers: {suppressed: ../suppressed.txt}\n")
    assert (line, where) == (1, "readers.suppressed")
    assert "leads outside" in what


# -- channels that are refused ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "where", "said"),
    [
        ("{folder: ''}", "folder", "write the path of a folder"),
        ("{}", "", "give one of `folder`, `notify` and `use`"),
        ("{folder: delivered, use: 'a:B'}", "", "give one of"),
        ("{folder: ~/delivered}", "folder", "another folder for each user"),
        ("{folder: ../delivered}", "folder", "outside the project"),
        ("{folder: .}", "folder", "holds the project itself"),
        ("{folder: /}", "folder", "holds the project itself"),
        ("{folder: output}", "folder", "the archive itself"),
        ("{folder: output/delivered/..}", "folder", "the archive itself"),
        ("{folder: output/library-loans}", "folder", "or lies inside it"),
        ("{folder: output/delivered2}", "folder", "or lies inside it"),
        ("{folder: report_templates/x}", "folder", "holds the reports"),
        ("{folder: data}", "folder", "holds the data"),
        ("{folder: .briefing}", "folder", "holds the ledger"),
        ("{folder: 'file:///mnt/x'}", "folder", "write its path alone"),
        ("{folder: '${FOLDER}'}", "folder", "give secrets as `options`"),
        ('{folder: "a\\nb"}', "folder", "control character"),
        ("{folder: 'ftp://a:sesame@example.org/x'}", "folder", "a password stands in"),
        ("{folder: x, options: {a: b}}", "", "`options` belong to"),
        ("{folder: x, attach: true}", "", "`attach` belongs to `notify`"),
        ("{notify: 'slack://T1/B2/C3'}", "notify", "names no secret"),
        ("{use: fax}", "use", "fax"),
        ("{use: 'a:B', link: 'https://example.org'}", "", "give it as an option"),
        ("{folder: x, link: 'http://example.org'}", "link", "http is for this machine only"),
        ("{folder: x, link: 'https://example.org/${T}'}", "link", "no secret can stand in it"),
        ("{folder: x, link: 'https://a@example.org/'}", "link", "a host and a path"),
        ("{folder: x, link: 'https://example.org/?a=1'}", "link", "a host and a path"),
        ("{folder: x, link: 'https://example.org/a#b'}", "link", "a host and a path"),
        ("{folder: x, link: example.org}", "link", "is no URL"),
        ("{use: 'a:B', options: {password: sesame}}", "options", "the password stands in"),
        ("{use: 'a:B', options: {apiKey: sesame}}", "options", "write ${APIKEY}"),
        ("{use: 'a:B', options: {sas_token: sesame}}", "options", "write ${SAS_TOKEN}"),
        ("{use: 'a:B', options: {client-secret: sesame}}", "options", "stands in the file"),
        ("{use: 'a:B', options: {key: 'x${KEY}'}}", "options", "stands in the file"),
        ("{use: 'a:B', options: {at: 'https://u:sesame@h/'}}", "options", "a password stands"),
        ("{use: 'a:B', options: {a: [sesame]}}", "options.a", "valid string"),
    ],
)
def test_a_channel_that_cannot_work_is_a_problem_with_its_place(refused, keys, where, said):
    ((_, line, found, what),) = refused(f"channels:\n  shelf: {keys}\n")
    assert (line, found) == (2, f"channels.shelf.{where}".rstrip("."))
    assert said in what
    assert "sesame" not in what


@pytest.mark.parametrize(
    "folder",
    ["delivered", "output/delivered", "output/delivered/press", "/srv/briefings", "memory://x"],
)
def test_a_channel_may_deliver_beside_the_archive_and_elsewhere(library, folder):
    (channel,) = library(f"channels: {{shelf: {{folder: '{folder}'}}}}\n").deliveries.channels
    assert channel.path == folder


def test_a_link_to_this_machine_needs_no_tls(library):
    keys = "channels: {shelf: {folder: x, link: 'http://localhost:8000/b'}}\n"
    assert library(keys).deliveries.channels[0].link == "http://localhost:8000/b"


def test_no_channel_is_called_mail(refused):
    ((_, line, where, what),) = refused("channels: {mail: {folder: x}}\n")
    assert (line, where, what) == (1, "channels.mail", "the name is taken")


# -- deliveries that are refused --------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        ("report: loans\n    channels: [shelf]", "report", "there is no report 'loans'"),
        ("report: library-loans", "", "give `to`, `channels` or both"),
        ("report: library-loans\n    to: [board]", "to", "there is no audience 'board'"),
        ("report: library-loans\n    channels: [fax]", "channels", "there is no channel 'fax'"),
        ("report: library-loans\n    channels: [mail]", "channels", "there is no channel 'mail'"),
        ("{SHELF}    otherwise: notice", "", "add `when`"),
        ("{SHELF}    when: sometimes", "when", "the name 'sometimes' is not known"),
        ("{SHELF}    when: tables.by_branch.count >", "when", "is no valid expression"),
        ("{SHELF}    when: '2 > 1'", "when", "the same for every issue"),
        ("{SHELF}    when: tables.loans.count > 0", "when", "there is no table 'loans'"),
        ("{SHELF}    when: tables['loans'].count > 0", "when", "there is no table 'loans'"),
        ("{SHELF}    when: changed", "when", "is not compared with the issue before"),
        ("{SHELF}    release: later", "release", "later"),
        ("{SHELF}  - report: library-loans\n    channels: [shelf]", "", "a delivery already"),
    ],
)
def test_a_delivery_that_cannot_work_is_a_problem_with_its_place(refused, lines, where, said):
    lines = lines.replace("{SHELF}", "report: library-loans\n    channels: [shelf]\n")
    ((_, line, found, what),) = refused(f"{SHELF}deliveries:\n  - {lines}\n")
    assert said in what
    if "already" not in said:
        written = f"{SHELF}deliveries:\n  - {lines}\n".split("\n")
        assert found == f"deliveries.0.{where}".rstrip(".")
        assert where in written[line - 1]
    else:
        assert (found, line) == ("deliveries.1.report", 5)
        assert f"in line {int(what.rpartition(' ')[2])}" in what


def test_readers_by_mail_need_a_server(refused):
    keys = PRESS.removeprefix(SERVER) + SHELF
    rows = "ann@example.org,,,,\nben@example.org,,,,shelf\n"
    ((_, line, where, what),) = refused(keys, press(rows))
    assert (line, where) == (4, "deliveries.0.to")
    assert what == "2 readers get mail, and there is no mail server (see readers/press.csv:2)"


def test_readers_of_a_channel_that_writes_no_mail_need_no_server(library):
    keys = PRESS.removeprefix(SERVER) + "channels: {chat: {notify: '${CHAT}'}}\n"
    (rule,) = library(keys, press("ann@example.org,,,,chat\n")).deliveries.rules
    assert len(rule.recipients) == 1


def test_an_edition_that_no_report_has_is_a_problem_at_its_row(refused):
    rows = "ann@example.org,,,main dale,\nANN@example.org,,,hill,\nben@example.org,,,all,\n"
    ((file, line, where, what),) = refused(PRESS, press(rows), parameter=True)
    assert (file, line, where) == ("readers/press.csv", 2, "editions")
    assert what == "no report that goes to press has the edition 'dale'"


def test_an_edition_of_a_report_that_has_none_is_a_problem(refused):
    ((_, line, where, what),) = refused(PRESS, press("ann@example.org,,,main,\n"))
    assert (line, where) == (2, "editions")
    assert "has the edition 'main'" in what


def test_a_reader_who_would_get_no_edition_is_a_problem(refused):
    rows = "ann@example.org,,,all,\nben@example.org,,,,\n"
    ((file, line, where, what),) = refused(PRESS, press(rows), parameter=True)
    assert (file, line, where) == ("readers/press.csv", 3, "editions")
    assert what == "library-loans has an edition for each place, and none is named"


def test_an_audience_that_is_sent_nothing_may_name_any_edition(library):
    keys = f"{SERVER}audiences: {{press: {{file: readers/press.csv}}}}\n"
    project = library(keys, press("ann@example.org,,,dale,\n"), parameter=True)
    assert project.deliveries.rules == ()
    assert len(project.deliveries.files) == 1


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ("mail: {host: a}\n", "mail.sender"),
        ("channels: {shelf: {folder: x, paint: red}}\n", "channels.shelf.paint"),
        ("audiences: {press: {files: a.csv}}\n", "audiences.press.files"),
    ],
)
def test_what_follows_from_a_wrong_key_is_not_said_again(refused, keys, where):
    others = {"mail": SERVER, "channels": SHELF}
    others["audiences"] = "audiences: {press: {file: readers/press.csv}}\n"
    del others[where.partition(".")[0]]
    rule = f"{TO_PRESS}    channels: [shelf]\n"
    found = refused(keys + "".join(others.values()) + rule, press("ann@example.org,,,,shelf\n"))
    assert [item[2] for item in found if item[2] != "audiences.press"] == [where]


def test_a_channel_is_described_by_its_own_keys_alone(tmp_path):
    def build(keys, positions, root):
        return build_carriers(keys.channels, positions, root, root / "output", {})

    read = reading_of(ConfigKeys, build, tmp_path)
    needed = "publisher: A\ntimezone: UTC\nlanguages: [en]\ndataset: d\ndefault_report: r\n"
    made, problems = read(f"{needed}channels:\n  shelf:\n    folder: x\n")
    assert problems == []
    assert [(item.name, item.line) for item in made] == [("shelf", 7)]


# -- the how-to -------------------------------------------------------------------------------


def how_to(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)


def test_the_how_to_is_understood_as_written(library):
    keys = how_to("yaml")[0].replace("branch-loans", "library-loans")
    (press_list,) = how_to("csv")
    (nobody,) = re.findall(r"\n\n```\n(# .*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    files = {"readers/press.csv": press_list, "readers/suppressed.txt": nobody}
    project = library(SERVER + keys, files, parameter=True)
    (rule,) = project.deliveries.rules
    assert (rule.release, rule.channels) == ("approve", ("shelf",))
    assert [reader.language for reader in rule.recipients] == ["en", "ko", "ko"]
    assert project.deliveries.suppressed == {"former@example.org", "away@example.org"}


def test_the_how_to_shows_what_is_said(library):
    (press_list,) = how_to("csv")
    files = {"readers/press.csv": f"{press_list}ANN@example.org,,ko,all,\n"}
    with pytest.raises(ProblemsError) as caught:
        library(PRESS, files, parameter=True)
    assert str(caught.value) == how_to("text")[0].strip()


def test_the_short_list_of_the_how_to_is_understood_as_written(library):
    keys = SERVER + how_to("yaml")[1] + TO_PRESS.replace("press", "board")
    (rule,) = library(keys, parameter=True).deliveries.rules
    assert [reader.editions for reader in rule.recipients] == [("main", "hill")]


def test_the_how_to_mentions_every_key():
    text = HOW_TO.read_text(encoding="utf-8")
    named = [*DeliveryKeys.model_fields, *COLUMNS, "allowed_domains", "suppressed", "folder"]
    assert [key for key in named if f"`{key}" not in text] == []
    assert set(ChannelKeys.model_fields) == {"folder", "notify", "use", "link", "attach", "options"}
