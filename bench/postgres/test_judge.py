"""The judge, on ledgers whose verdict is known: python3 -m unittest discover bench/postgres (psycopg must be installed)."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from failover.ledger import Acknowledged, Ledger, by_the_old, judge, outage_seconds, promoted
from failover.table import percentile, render


def row(at: float, timeline: int = 1, executed: float | None = None, sequence: int = 0, kind: str = "pinned") -> Acknowledged:
    taken = at - 0.002 if executed is None else executed
    return Acknowledged(1, kind, sequence, taken - 0.001, taken, at, f"10.0.0.{timeline}", timeline)


class JudgeTest(unittest.TestCase):
    def test_outage_isTheLongestGapThatReachesBeyondTheFault(self):
        rows = [row(1), row(6), row(6.1), row(9.1), row(9.2)]
        self.assertAlmostEqual(3.0, outage_seconds(rows, fault=6.05, end=9.3))

    def test_outage_thatNeverEnds_lastsToTheEnd(self):
        self.assertAlmostEqual(14.0, outage_seconds([row(5), row(6)], fault=6.05, end=20))

    def test_rowOfTheOldPrimary_takenAfterTheNewOnesFirst_isATwoPrimariesRow(self):
        taken, told, seconds = by_the_old([row(1), row(5, timeline=2), row(7), row(8.5)])
        self.assertEqual(([7, 8.5], [7, 8.5]), ([each.acknowledged for each in taken], [each.acknowledged for each in told]))
        self.assertAlmostEqual(1.5, seconds)

    def test_answerThatLayInTheNetwork_isToldLateAndNoSecondPrimary(self):
        taken, told, seconds = by_the_old([row(1), row(5, timeline=2), row(30, executed=1.1)])
        self.assertEqual((0, 1, 0.0), (len(taken), len(told), seconds))

    def test_oneSwitchAfterAnother_hasNoTwoPrimaries(self):
        taken, told, _ = by_the_old([row(1), row(2, timeline=2), row(3, timeline=2), row(4, timeline=3)])
        self.assertEqual((0, 0), (len(taken), len(told)))

    def test_restartInPlace_isNoPromotion(self):
        self.assertIsNone(promoted([row(1), row(4)], fault=2))
        self.assertEqual(4, promoted([row(1), row(4, timeline=2), row(5, timeline=2)], fault=2).acknowledged)

    def test_lineHalfWritten_isReadWhenItIsWhole(self):
        with TemporaryDirectory() as folder:
            path = Path(folder, "told")
            path.write_text("1 pinned 1 1.0 1.1 1.2 10.0.0.1 1\n1 pinned 2 2.0 2")
            ledger = Ledger(path)
            self.assertEqual(1, len(ledger.read_on()))
            with open(path, "a") as file:
                file.write(".1 2.2 10.0.0.1 1\n")
            self.assertEqual([1, 2], [each.sequence for each in ledger.read_on()])

    def test_table_countsLostRowsAndRoundsWithTwoPrimaries(self):
        rows = [row(1), row(5, timeline=2), row(7, sequence=9)]
        verdict = judge(rows, lost=rows[2:], fault=2, end=8, errors={"roaming -": 3})
        record = {"side": "a", "fault": "freeze", "whole": True, **verdict.__dict__}
        cells = render([record, record]).splitlines()[-1].split()
        self.assertEqual(["a", "2", "4.00", "4.00", "4.00", "-", "-", "3.00", "2", "1", "2", "6", "0", "0", "0"], cells)

    def test_percentile_isTheNearestRank(self):
        self.assertEqual((2, 3, 3), tuple(percentile([3, 1, 2], percent) for percent in (50, 99, 100)))


if __name__ == "__main__":
    unittest.main()
