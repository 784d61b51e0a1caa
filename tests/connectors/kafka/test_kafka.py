"""Administration, replay and inspection on a real Kafka."""

from __future__ import annotations

import gc
import threading
import uuid

import pytest

from connectors.kafka.admin import KafkaAdmin, Watermarks
from connectors.kafka.errors import KafkaUnavailableError, TopicMissingError
from connectors.kafka.inspect import lags, look
from connectors.kafka.producer import Producer
from connectors.kafka.replay import OffsetRange, ReplayLimits, replay
from golden_records.domain.errors import TransientError
from golden_records.domain.feed import TopicSpec

pytestmark = [pytest.mark.stack, pytest.mark.timeout(60)]


@pytest.fixture
def admin(kafka_bootstrap):
    with KafkaAdmin(kafka_bootstrap) as made:
        yield made


@pytest.fixture
def topic(admin):
    name = f"kafka-test-{uuid.uuid4().hex[:8]}"
    yield name
    if name in admin.partition_counts():
        admin.delete([name])


def fill(bootstrap, topic, count, partition=0):
    with Producer(bootstrap) as producer:
        for number in range(count):
            producer.send(topic, b"%d" % number, b"v", headers=[("n", b"1")], partition=partition)


def test_a_missing_topic_is_created_with_its_partitions(admin, topic):
    admin.ensure({topic: TopicSpec(partitions=3, configs={"retention.ms": "60000"})})
    assert admin.partition_counts()[topic] == 3


def test_a_narrow_topic_is_widened_if_it_may_be_and_a_wide_one_left(admin, topic):
    admin.ensure({topic: TopicSpec(partitions=2)})
    admin.ensure({topic: TopicSpec(partitions=5, may_widen=True)})
    assert admin.partition_counts()[topic] == 5
    admin.ensure({topic: TopicSpec(partitions=1, may_widen=True)})
    assert admin.partition_counts()[topic] == 5


def test_a_feed_topic_keeps_its_partitions_so_that_keys_keep_their_order(admin, topic):
    admin.ensure({topic: TopicSpec(partitions=1)})
    admin.ensure({topic: TopicSpec(partitions=4)})
    assert admin.partition_counts()[topic] == 1


def test_several_workers_may_ensure_the_same_topic_at_once(kafka_bootstrap, admin, topic):
    failures = []

    def ensure():
        try:
            with KafkaAdmin(kafka_bootstrap) as mine:
                mine.ensure({topic: TopicSpec(partitions=2)})
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=ensure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert admin.partition_counts()[topic] == 2


def test_watermarks_follow_what_is_written(kafka_bootstrap, admin, topic):
    admin.ensure({topic: TopicSpec(partitions=2)})
    fill(kafka_bootstrap, topic, 7, partition=1)
    assert admin.watermarks([topic]) == {
        (topic, 0): Watermarks(0, 0),
        (topic, 1): Watermarks(0, 7),
    }
    assert admin.end_offsets([topic]) == {(topic, 0): 0, (topic, 1): 7}


def test_asking_about_a_missing_topic_says_so(admin):
    with pytest.raises(TopicMissingError, match="no-such-topic"):
        admin.watermarks(["no-such-topic"])


def test_replay_yields_the_range_in_order_and_stops(kafka_bootstrap, admin, topic):
    admin.ensure({topic: TopicSpec(partitions=1)})
    fill(kafka_bootstrap, topic, 1_000)
    wanted = OffsetRange(topic=topic, partition=0, start=100, stop=900)
    chunks = list(replay(kafka_bootstrap, wanted, ReplayLimits(records=300)))
    records = [record for chunk in chunks for record in chunk.records]
    assert [record.offset for record in records] == list(range(100, 900))
    assert records[0].key == b"100"
    assert list(records[0].headers) == [("n", b"1")]
    assert max(len(chunk) for chunk in chunks) <= 300


def test_replay_of_nothing_yields_nothing(kafka_bootstrap, admin, topic):
    admin.ensure({topic: TopicSpec(partitions=1)})
    assert list(replay(kafka_bootstrap, OffsetRange(topic=topic, partition=0))) == []


def test_replay_to_beyond_the_end_stops_at_the_end(kafka_bootstrap, admin, topic):
    admin.ensure({topic: TopicSpec(partitions=1)})
    fill(kafka_bootstrap, topic, 10)
    wanted = OffsetRange(topic=topic, partition=0, stop=10_000)
    (chunk,) = replay(kafka_bootstrap, wanted)
    assert (chunk.first_offset, chunk.last_offset) == (0, 9)


def test_replay_commits_nothing_and_lag_is_what_the_group_has_not_read(
    kafka_bootstrap, admin, topic
):
    admin.ensure({topic: TopicSpec(partitions=1)})
    fill(kafka_bootstrap, topic, 10)
    list(replay(kafka_bootstrap, OffsetRange(topic=topic, partition=0)))
    (lag,) = lags(admin, f"group-of-{topic}", [topic])
    assert (lag.committed, lag.behind) == (None, 10)


def test_looking_stops_after_the_asked_number(kafka_bootstrap, admin, topic):
    admin.ensure({topic: TopicSpec(partitions=1)})
    fill(kafka_bootstrap, topic, 50)
    wanted = OffsetRange(topic=topic, partition=0, start=20)
    assert [one.offset for one in look(kafka_bootstrap, wanted, count=5)] == [20, 21, 22, 23, 24]


# The client leaves the sockets of refused connections to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_an_unreachable_kafka_is_a_transient_error():
    with pytest.raises(TransientError) as raised:
        KafkaAdmin("127.0.0.1:1", request_timeout=1.0)
    assert isinstance(raised.value, KafkaUnavailableError)
    assert raised.value.facts == {"bootstrap": "127.0.0.1:1"}
    del raised
    gc.collect()
