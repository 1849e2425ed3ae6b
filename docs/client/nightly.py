# SPDX-License-Identifier: EUPL-1.2
"""A nightly delivery with types: a wrong field, a wrong word or a missing one is found by the type
checker, before anything is sent.

    HUB_TOKEN=… python docs/client/nightly.py [http://127.0.0.1:8731]
"""

import datetime
import os
import sys
import uuid

from wijkhub import Category, Delivery, SignalRow, SignalStatus, WijkHub

AMSTERDAM = datetime.timezone(datetime.timedelta(hours=1))


def rows() -> list[SignalRow]:
    """What your own system has to tell: here two signals that are made up."""
    seen = datetime.datetime(2026, 11, 20, 21, 15, tzinfo=AMSTERDAM)
    return [
        SignalRow(
            externalId="nacht-1",
            wijk="WK063711",
            category=Category.NOISE,
            seenAt=seen,
            status=SignalStatus.NEW,
            summary="Harde muziek bij het plein",
        ),
        SignalRow(
            externalId="nacht-2",
            wijk="WK063711",
            category=Category.LIGHTING,
            seenAt=seen,
            status=SignalStatus.DONE,
        ),
    ]


def main(address: str) -> None:
    """Delivers the rows and says what became of them."""
    headers = {"Authorization": f"Bearer {os.environ['HUB_TOKEN']}", "Accept-Language": "en"}
    with WijkHub(url=f"{address}/graphql", headers=headers) as hub:
        delivery = Delivery(
            dataset="nacht", idempotencyKey=str(uuid.uuid4()), dryRun=False, maxRejected=1
        )
        receipt = hub.deliver(delivery=delivery, rows=rows()).pushSignals
        if receipt is None or receipt.errors:
            sys.exit(f"not delivered: {receipt and receipt.errors}")
        print(", ".join(f"{line.outcome.value} {line.rows}" for line in receipt.summary))
        for row in receipt.rows.nodes:
            print(row.line, row.externalId, [error.message for error in row.errors])

        wijk = hub.oosterheem(wijk="WK063711").wijk
        if wijk is not None and wijk.signals is not None:
            print(f"{wijk.name}: {wijk.signals.total} signals that you may see")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8731")
