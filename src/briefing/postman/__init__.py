"""Brings issues to their readers: from the outbox to the channels, each delivery once."""

from briefing.postman.room import PostRoom, suppressed_of, tidy
from briefing.postman.rounds import Post, Postman, parcel_of, tell_failures

__all__ = ["Post", "PostRoom", "Postman", "parcel_of", "suppressed_of", "tell_failures", "tidy"]
