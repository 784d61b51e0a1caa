"""The connector settings that decide how a value looks in JSON.

With schemas on every event says so itself; with schemas off (ours) this is the only place that
knows. The defaults are what `registration` renders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACEHOLDER: Final = "__debezium_unavailable_value"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """How one connector writes values; the names are Debezium's and Kafka Connect's.

    `isostring` also reads the numbers of `adaptive_time_microseconds`, which the hub's MariaDB
    connectors write: strings say themselves what they are. `nulls_are_sent` is true when
    `replace.null.with.default=false` is known to be set on the value converter; otherwise a NULL
    may arrive as the column's default.
    """

    decimal: str = "string"
    time_precision: str = "isostring"
    binary: str = "bytes"
    interval: str = "string"
    bigint_unsigned: str = "long"
    nulls_are_sent: bool = True
    placeholder: str = PLACEHOLDER

    @classmethod
    def of_connector(cls, config: Mapping[str, str]) -> FeedSettings:
        """Read a live connector's configuration, with Debezium's defaults for what is unset."""
        engine = config.get("connector.class", "")
        adaptive = "adaptive" if "postgres" in engine else "adaptive_time_microseconds"
        return cls(
            decimal=config.get("decimal.handling.mode", "precise"),
            time_precision=config.get("time.precision.mode", adaptive),
            binary=config.get("binary.handling.mode", "bytes"),
            interval=config.get("interval.handling.mode", "numeric"),
            bigint_unsigned=config.get("bigint.unsigned.handling.mode", "long"),
            nulls_are_sent=config.get("value.converter.replace.null.with.default") == "false",
            placeholder=config.get("unavailable.value.placeholder", PLACEHOLDER),
        )


OURS: Final = FeedSettings()
