"""The outbox as whoever works with it sees it: filled, claimed, settled, withdrawn, sealed.

The same checks run on PostgreSQL: see tests/services/test_ledger_on_postgres.py.
"""

# ruff: noqa: F811
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.test_ledger import (  # noqa: F401 -- the same ledgers
    ANNA,
    BEN,
    MINUTE,
    REPORT,
    change,
    clock,
    crowd,
    due,
    empty_file,
    kinds,
    ledger,
    ledger_url,
    new_url,
    nothing,
    now_is,
    quick_folder,
    wanted,
)

from briefing.errors import SealedError
from briefing.ledger import Ledger, SentBook, digest_of, this_process
from briefing.ledger.schema import deliveries
from briefing.structures import (
    APPROVED,
    AWAITING,
    DEFERRED,
    EXPIRED,
    PENDING,
    PUBLISHED,
    QUEUED,
    REFUSED,
    SENDING,
    SENT,
    STAYS,
    STOPPED,
    SUPPRESSED,
    UNCERTAIN,
    Delivery,
    Posting,
    Run,
)

NOW = timedelta(0)
MAIL = {"mail": NOW}


def posting(name: str = "kim", channel: str = "mail", **keys: Any) -> Posting:
    given = {"message_id": f"<{name}.{channel}@example.org>", **keys}
    return Posting(channel, f"{name}@example.org", name, **given)


def issued(ledger: Ledger, *postings: Posting, manifest: str = "first", **keys: Any) -> Run:
    run = ledger.claim(wanted(deliver=True, **keys), ANNA)
    ledger.publish(run, manifest, nothing, postings, "always")
    return now_is(ledger, run)


def taken(ledger: Ledger, **keys: Any) -> Delivery:
    found = ledger.claim_delivery(this_process(), keys.pop("paces", MAIL), **keys)
    assert found is not None
    return found


def states(ledger: Ledger, run: Run) -> dict[str, str]:
    return {item.name: item.state for item in ledger.deliveries(run)}


def end_claim(ledger: Ledger, delivery: Delivery) -> None:
    with ledger.database.writing() as connection:
        connection.execute(
            deliveries.update()
            .where(deliveries.c.id == delivery.id)
            .values(lease_until=ledger.database.now(connection), pid=1, place="elsewhere")
        )


# -- filled -----------------------------------------------------------------------------------


def test_publishing_fills_the_outbox_in_the_same_transaction(ledger):
    def fails() -> None:
        raise OSError("no room")

    run = ledger.claim(wanted(deliver=True), ANNA)
    with pytest.raises(OSError, match="no room"):
        ledger.publish(run, "first", fails, [posting()])
    assert ledger.deliveries(run) == []
    before = clock(ledger)
    ledger.publish(run, "first", nothing, [posting(), posting("lee")], "always")
    kim, lee = ledger.deliveries(run)
    assert (kim.recipient, kim.state, kim.manifest, kim.resend) == (
        "kim@example.org",
        QUEUED,
        "first",
        0,
    )
    assert before <= kim.due <= clock(ledger)
    assert lee.expires_at - lee.due == timedelta(hours=24)
    assert kinds(ledger, run)[-2:] == ["published", "queued"]
    assert now_is(ledger, run).queued


def test_what_nobody_asked_to_deliver_goes_to_nobody(ledger):
    run = ledger.claim(wanted(), ANNA)
    ledger.publish(run, "first", nothing, [posting()], "always")
    assert ledger.deliveries(run) == []
    assert not now_is(ledger, run).queued
    assert ledger.unqueued() == []


def test_the_date_of_a_delivery_is_when_its_issue_was_due(ledger):
    (run,) = due(ledger, "2026-10", deliver=True)
    ledger.publish(ledger.claim_next(ANNA, [REPORT]), "first", nothing, [posting()])
    assert ledger.deliveries(run)[0].due == run.scheduled_for


def test_a_draft_that_is_published_again_keeps_its_deliveries(ledger):
    run = issued(ledger, posting(), posting("lee"))
    before = {item.id for item in ledger.deliveries(run)}
    again = issued(ledger, posting(), posting("park"), manifest="second")
    assert again.id == run.id
    assert states(ledger, run) == {"kim": QUEUED, "lee": SUPPRESSED, "park": QUEUED}
    assert before < {item.id for item in ledger.deliveries(run)}
    open_ = [item for item in ledger.deliveries(run) if item.state == QUEUED]
    assert {item.manifest for item in open_} == {"second"}


def test_an_address_in_other_letters_is_the_same_reader(ledger):
    run = issued(ledger, posting(), posting("KIM"))
    assert ledger.queue(run, [posting("Kim")], "") == 0
    assert states(ledger, run) == {"kim": QUEUED}


def test_what_a_person_made_goes_out_when_it_falls_due(ledger):
    run = ledger.claim(wanted(), ANNA)
    ledger.publish(run, "first", nothing)
    assert [found.id for found in due(ledger, "2026-10", deliver=True, ago=-MINUTE)] == [run.id]
    assert now_is(ledger, run).state == PENDING
    assert now_is(ledger, run).deliver


# -- claimed ----------------------------------------------------------------------------------


def test_a_delivery_is_written_down_as_being_sent_before_it_is_handed_out(ledger):
    run = issued(ledger, posting())
    delivery = taken(ledger)
    assert (delivery.state, delivery.attempt, delivery.fence) == (SENDING, 1, 1)
    assert ledger.deliveries(run) == [delivery]
    assert ledger.claim_delivery(BEN, MAIL) is None
    assert ledger.still_ours(delivery)


def test_of_a_crowd_each_takes_another_delivery(ledger):
    issued(ledger, *[posting(str(number)) for number in range(30)])
    found = [taken(ledger).recipient for _ in range(30)]
    assert len(set(found)) == 30
    assert ledger.claim_delivery(BEN, MAIL) is None


def test_only_what_is_published_goes_out(ledger):
    run = issued(ledger, posting())
    ledger.claim(wanted(deliver=True), BEN)  # a draft is made anew
    assert ledger.claim_delivery(ANNA, MAIL) is None
    assert ledger.wait("mail") is None
    assert states(ledger, run) == {"kim": QUEUED}


def test_everybody_who_sends_keeps_the_pace_together(ledger):
    issued(ledger, posting(), posting("lee"), posting("folder", "shelf"))
    paces = {"mail": MINUTE, "shelf": NOW}
    assert taken(ledger, paces=paces).name == "kim"
    assert taken(ledger, paces=paces).name == "folder"
    assert ledger.claim_delivery(BEN, paces) is None
    assert timedelta(seconds=50) < ledger.wait("mail") <= MINUTE
    assert ledger.wait("shelf") is None


def test_a_channel_that_is_stopped_sends_nothing_until_it_is_over(ledger):
    issued(ledger, posting())
    ledger.stop_channel("mail", "the password is wrong", MINUTE)
    assert ledger.claim_delivery(ANNA, MAIL) is None
    assert ledger.stopped_channels() == {"mail": "the password is wrong"}
    ledger.stop_channel("mail", "the password is wrong", NOW)
    assert taken(ledger).name == "kim"
    ledger.start_channel("mail")
    assert ledger.stopped_channels() == {}


# -- settled ----------------------------------------------------------------------------------


def test_what_was_sent_is_never_sent_again(ledger):
    run = issued(ledger, posting())
    assert ledger.settle(taken(ledger), SENT, code=250) == SENT
    (sent,) = ledger.deliveries(run)
    assert (sent.state, sent.code) == (SENT, 250)
    assert sent.sent_at is not None
    assert ledger.claim_delivery(ANNA, MAIL) is None
    assert ledger.send_again(run) == 0


def test_what_was_deferred_comes_again_and_expires_in_the_end(ledger):
    run = issued(ledger, posting())
    assert ledger.settle(taken(ledger), DEFERRED, reason="grey", wait=MINUTE) == DEFERRED
    assert ledger.claim_delivery(ANNA, MAIL) is None
    assert timedelta(seconds=50) < ledger.wait("mail") <= MINUTE
    with ledger.database.writing() as connection:
        connection.execute(deliveries.update().values(next_attempt_at=clock(ledger)))
    again = taken(ledger)
    assert again.attempt == 2
    assert ledger.settle(again, DEFERRED, wait=timedelta(hours=25)) == EXPIRED
    assert states(ledger, run) == {"kim": EXPIRED}


def test_what_could_not_be_tried_expires_too(ledger):
    run = issued(ledger, posting(expires=NOW), posting("lee"))
    assert ledger.expire_deliveries() == {run.id}
    assert states(ledger, run) == {"kim": EXPIRED, "lee": QUEUED}
    assert ledger.expire_deliveries() == set()


def test_whoever_vanishes_while_sending_leaves_it_uncertain(ledger):
    run = issued(ledger, posting(), posting("folder", "shelf"))
    paces = {**MAIL, "shelf": NOW}
    both = [taken(ledger, paces=paces), taken(ledger, paces=paces)]
    assert ledger.reclaim_deliveries(["shelf"]) == []
    for delivery in both:
        end_claim(ledger, delivery)
    assert {item.name for item in ledger.reclaim_deliveries(["shelf"])} == {"kim", "folder"}
    assert states(ledger, run) == {"kim": UNCERTAIN, "folder": QUEUED}
    assert not ledger.still_ours(both[0])
    assert ledger.settle(both[0], REFUSED) == ""
    assert states(ledger, run)["kim"] == UNCERTAIN


def test_what_is_uncertain_is_settled_once(ledger):
    run = issued(ledger, posting())
    delivery = taken(ledger)
    ledger.settle(delivery, UNCERTAIN, reason="cut")
    assert ledger.uncertain("mail", older_than=MINUTE) == []
    (doubtful,) = ledger.uncertain("mail", older_than=NOW)
    assert doubtful.doubts == 1
    assert ledger.resolve(doubtful, QUEUED, "it did not arrive")
    assert not ledger.resolve(doubtful, SENT, "it did")
    assert taken(ledger).fence == 2
    assert states(ledger, run) == {"kim": SENDING}


# -- sealed -----------------------------------------------------------------------------------


def test_an_issue_is_sealed_as_soon_as_somebody_may_have_it(ledger):
    run = issued(ledger, posting())
    assert not now_is(ledger, run).sealed
    delivery = taken(ledger)
    assert now_is(ledger, run).sealed
    with pytest.raises(SealedError, match="never changes"):
        ledger.claim(wanted(), BEN)
    assert ledger.ask([wanted()], again=[PUBLISHED]) == []
    ledger.settle(delivery, UNCERTAIN)
    assert now_is(ledger, run).sealed


@pytest.mark.parametrize("end", [REFUSED, DEFERRED, "handed back"])
def test_an_issue_that_nobody_got_after_all_is_a_draft_again(ledger, end):
    run = issued(ledger, posting())
    delivery = taken(ledger)
    if end == "handed back":
        ledger.hand_back_delivery(delivery)
        assert taken(ledger).attempt == 1
        return
    ledger.settle(delivery, end, wait=MINUTE)
    assert not now_is(ledger, run).sealed
    assert ledger.claim(wanted(), BEN).id == run.id


def test_one_reader_who_has_it_seals_it_whatever_the_others_say(ledger):
    run = issued(ledger, posting(), posting("lee"))
    ledger.settle(taken(ledger), SENT)
    ledger.settle(taken(ledger), REFUSED)
    assert now_is(ledger, run).sealed


# -- decided ----------------------------------------------------------------------------------


def test_what_waits_for_an_approval_goes_out_after_it(ledger):
    run = issued(ledger, posting(state=AWAITING))
    assert ledger.claim_delivery(ANNA, MAIL) is None
    assert [alarm.subject for alarm in ledger.untold()] == [
        "library-loans 2026-10 waits for an approval"
    ]
    assert ledger.decide(run, APPROVED, "read by two") == 1
    assert now_is(ledger, run).sealed
    assert taken(ledger).name == "kim"
    assert kinds(ledger, run)[-1] == APPROVED


def test_what_is_held_stays_also_for_readers_who_come_later(ledger):
    run = issued(ledger, posting())
    assert ledger.decide(run, STAYS, "wait for the minister") == 1
    issued(ledger, posting(), posting("lee"), manifest="second")
    assert states(ledger, run) == {"kim": STOPPED, "lee": STOPPED}
    assert ledger.decide(run, APPROVED, "") == 2
    assert states(ledger, run) == {"kim": QUEUED, "lee": QUEUED}


# -- corrections ------------------------------------------------------------------------------


def corrected(ledger: Ledger, *postings: Posting) -> Run:
    run = ledger.claim(wanted(deliver=True, revision=2, correction="a wrong sum"), ANNA)
    ledger.publish(run, "corrected", nothing, postings, "always")
    return now_is(ledger, run)


def test_a_correction_answers_to_what_its_reader_has(ledger):
    first = issued(ledger, posting(), posting("lee"))
    ledger.settle(taken(ledger), SENT)
    second = corrected(ledger, posting(message_id="<2>"), posting("lee", message_id="<3>"))
    assert second.issue == f"{REPORT}/2026-10/en/r2"
    replies = {item.name: item.in_reply_to for item in ledger.deliveries(second)}
    assert replies == {"kim": "<kim.mail@example.org>", "lee": ""}
    assert states(ledger, first) == {"kim": SENT, "lee": STOPPED}
    assert [item.name for item in ledger.holders(second)] == ["kim"]
    assert ledger.newest(REPORT, "en", "2026-10") == second


def test_what_was_superseded_is_not_sent_again_by_itself(ledger):
    issued(ledger, posting())
    ledger.settle(taken(ledger), UNCERTAIN)
    (doubtful,) = ledger.uncertain("mail", older_than=NOW)
    corrected(ledger, posting(message_id="<2>"))
    assert not ledger.resolve(doubtful, QUEUED, "it did not arrive")
    assert ledger.resolve(doubtful, SENT, "it did")


# -- beside the ledger ------------------------------------------------------------------------


def test_the_key_of_recipients_outlives_the_ledger(ledger, tmp_path):
    key = ledger.recipients_key(tmp_path)
    assert ledger.recipients_key(tmp_path) == key
    with ledger.database.writing() as connection:
        connection.execute(sa.text("DELETE FROM setting"))
    assert ledger.recipients_key(tmp_path) == key
    (tmp_path / "recipients.key").unlink()
    assert ledger.recipients_key(tmp_path) == key
    assert (tmp_path / "recipients.key").stat().st_mode & 0o077 == 0


def test_what_was_sent_is_known_without_the_ledger_and_without_addresses(ledger, tmp_path):
    key = ledger.recipients_key(tmp_path)
    book, at = SentBook(tmp_path, key), clock(ledger)
    assert not book.exists
    assert book.read() == {}
    book.add("a/b/c/r1", "Kim@Example.org", "<1@example.org>", SENT, at)
    with (tmp_path / "sent.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"issue": "half')  # the disk was full
    book.add("a/b/c/r1", "lee@example.org", "<2@example.org>", UNCERTAIN, at)
    found = book.read()
    assert found[book.key_of("kim@example.org", "<1@example.org>")] == ("a/b/c/r1", SENT)
    assert found[book.key_of("lee@example.org", "<2@example.org>")] == ("a/b/c/r1", UNCERTAIN)
    text = (tmp_path / "sent.jsonl").read_text(encoding="utf-8")
    assert "example.org" not in text.casefold()
    assert digest_of(key, "kim@example.org") != digest_of(b"another", "kim@example.org")


def test_what_a_new_ledger_takes_over_is_sealed_where_somebody_has_it(ledger):
    sealed, draft = wanted("2026-09"), wanted("2026-10")
    ledger.adopt([(sealed, "1"), (draft, "2")], [f"{REPORT}/2026-09/en/r1"])
    with pytest.raises(SealedError):
        ledger.claim(sealed, ANNA)
    assert ledger.unqueued() == []
    due(ledger, "2026-10", deliver=True)
    assert [run.period for run in ledger.unqueued()] == ["2026-10"]
    (run,) = ledger.unqueued()
    assert ledger.queue(run, [posting()], "taken over") == 1
    assert ledger.unqueued() == []
    assert ledger.queue(replace(run, manifest="other"), [posting("lee")], "") == 0
