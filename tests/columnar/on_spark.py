"""A statement on local Spark, as a program of its own: ``python -m tests.columnar.on_spark FOLDER``.

Reads ``FOLDER/*.parquet`` as views by the names of the files, runs ``FOLDER/statement.sql``, and writes its rows to
``FOLDER/rows.arrow``. A process of its own, because what an engine in Java leaves behind ends with it.
"""

import sys
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession


def main(folder: Path) -> None:
    """Run the statement that the folder holds."""
    settings = {
        "spark.master": "local[2]",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder / "spark"),
        # A zone in which a mistake about instants would show.
        "spark.sql.session.timeZone": "Asia/Kathmandu",
    }
    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        for path in folder.glob("*.parquet"):
            spark.read.parquet(str(path)).createOrReplaceTempView(path.stem)
        rows = spark.sql((folder / "statement.sql").read_text("utf-8")).toArrow()
    finally:
        spark.stop()
    with pa.OSFile(str(folder / "rows.arrow"), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
