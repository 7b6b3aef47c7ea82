"""The expression that rates on this machine runs unchanged on a cluster engine, and says the same."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import ibis
import pyarrow as pa
import pyarrow.parquet
import pytest

from commcredits.columnar.band_tables import band_table
from commcredits.columnar.deck_tables import deck_tables
from commcredits.columnar.engine import rate_records
from commcredits.columnar.pricing import rating
from commcredits.columnar.records import call_records, days_of, engine_columns
from tests.columnar.random_decks import Answer, core_answer, random_deck, random_records
from tests.house.tree import ROOT

MISSING = [
    name
    for name, found in {
        "Spark (`make cluster`)": importlib.util.find_spec("pyspark"),
        "Java (Debian's package default-jre-headless)": shutil.which("java"),
    }.items()
    if not found
]


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.timeout(180)  # the engine alone takes several seconds to start, and much longer on a busy machine
def test_local_spark_prices_every_record_of_a_random_deck_as_the_core_and_this_machine_do(tmp_path: Path) -> None:
    dice = Random(2026)
    deck = random_deck(dice, prefixes=250, digits_max=4)
    records = random_records(dice, deck, count=2_000)
    tables, columns = deck_tables(deck), engine_columns(call_records(records))
    expression = rating(tables.layout)

    inputs = {
        "call_records": columns,
        "rates": tables.table,
        "bands": band_table(tables.schedules, days_of(columns)),
    }
    for name, table in inputs.items():
        pyarrow.parquet.write_table(table, tmp_path / f"{name}.parquet")
    (tmp_path / "statement.sql").write_text(str(ibis.to_sql(expression, dialect="pyspark")), "utf-8")
    on_spark = _run(tmp_path).sort_by("position").drop_columns(["position"]).to_pylist()

    on_this_machine = rate_records(call_records(records), deck).drop_columns(["currency"]).to_pylist()
    assert on_spark == on_this_machine
    assert [Answer(**{name: row[name] for name in Answer.__slots__}) for row in on_spark] == [
        core_answer(deck, record) for record in records
    ]


def _run(folder: Path) -> pa.Table:
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.columnar.on_spark", str(folder)]
    run = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, errors="replace"
    )
    assert run.returncode == 0, run.stderr[-4_000:]
    with pa.OSFile(str(folder / "rows.arrow")) as source:
        return pa.ipc.open_file(source).read_all()
