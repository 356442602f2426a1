"""Where an implementation is known to differ from what the suite states of Google's service.

Each entry is the name of a test, and the test is then expected to fail on that implementation, strictly: if Google
mends its emulator, the suite says so.
"""

from __future__ import annotations

from collections.abc import Mapping

GOOGLE_EMULATOR = "google-emulator"
EMBEDDED = "embedded"

KNOWN_DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    EMBEDDED: {},
    GOOGLE_EMULATOR: {
        "test_only_matching_messages_are_delivered": "filters are accepted and ignored",
        "test_a_text_that_is_no_filter_is_refused": "filters are accepted and ignored",
        "test_status_202_acknowledges": "202 counts as a nack",
        "test_push_tells_the_delivery_attempt_with_a_dead_letter_policy": "deliveryAttempt is left out of push",
        "test_push_tells_the_ordering_key": "orderingKey is left out of push",
        "test_push_waits_the_minimum_backoff_before_the_first_retry": "the first retry comes after 1 s",
        "test_pull_waits_the_minimum_backoff_after_a_nack": "the first retry is immediate",
        "test_push_carries_an_oidc_token": "no Authorization header is sent",
        "test_push_leaves_out_data_and_attributes_that_are_empty": "empty fields are sent",
        "test_unwrapped_push_keeps_bytes_that_are_no_text": "the data is decoded and encoded as UTF-8",
        "test_streaming_pull_keeps_within_the_clients_flow_control": "max_outstanding_messages is ignored",
        "test_a_nack_holds_back_the_later_messages_of_its_key": "later messages overtake the nacked one",
        "test_an_ack_deadline_under_10_s_is_refused": "5 s is accepted",
        "test_a_message_with_101_attributes_is_refused": "101 attributes are accepted",
        "test_a_message_over_10_mb_is_refused": "more than 10 MB are accepted",
        "test_an_update_of_topic_labels_replaces_them": "labels are not known to UpdateTopic",
    },
}
