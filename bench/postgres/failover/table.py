"""One table for each fault: a line for each side. Reads the records, so that several runs can be put together."""

from __future__ import annotations

import math
from typing import Any

COLUMNS = ("side", "rounds", "outage p50", "p99", "max", "roaming p50", "max", "new primary p50", "lost", "worst",
           "two primaries", "errors", "not whole", "rewound", "cloned")


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def line(side: str, records: list[dict[str, Any]]) -> list[str]:
    def of(key: str) -> list[float]:
        return [record[key] for record in records if record[key] is not None]

    def at(key: str, percent: float) -> str:
        return seconds(percentile(of(key), percent)) if of(key) else "-"

    client = "proxy_outage_seconds" if any(of("proxy_outage_seconds")) else "roaming_outage_seconds"
    kind = client.split("_")[0]
    errors = sum(count for record in records for key, count in record["errors"].items() if key.startswith(kind))
    return [
        side, str(len(records)),
        at("outage_seconds", 50), at("outage_seconds", 99), at("outage_seconds", 100),
        at(client, 50), at(client, 100), at("new_primary_seconds", 50),
        str(sum(of("lost"))), str(max(of("lost"))),
        str(sum(1 for record in records if record["taken_by_old"] > 0)),
        str(errors), str(sum(1 for record in records if not record["whole"])),
        *(str(sum(1 for record in records if record.get("returned") == how)) for how in ("rewound", "cloned")),
    ]


def render(records: list[dict[str, Any]]) -> str:
    parts = []
    for fault in dict.fromkeys(record["fault"] for record in records):
        of_fault = [record for record in records if record["fault"] == fault]
        lines = [list(COLUMNS)] + [
            line(side, [record for record in of_fault if record["side"] == side])
            for side in dict.fromkeys(record["side"] for record in of_fault)]
        widths = [max(len(cells[index]) for cells in lines) for index in range(len(COLUMNS))]
        parts.append(f"{fault}\n" + "\n".join(
            "  " + cells[0].ljust(widths[0]) + "".join(
                "  " + cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))
            for cells in lines))
    return "\n\n".join(parts)
