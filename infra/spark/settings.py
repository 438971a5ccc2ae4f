# SPDX-License-Identifier: Apache-2.0
"""Settings of the job: options of the command line, with defaults from the environment (.env.example names the variables)."""

import argparse
import os
import pathlib

from events import KINDS, NS_PER_S

HERE = pathlib.Path(__file__).resolve().parent


def parse(arguments=None):
    environment = os.environ.get
    parser = argparse.ArgumentParser(
        description="Telemetra's windows and streams by Spark Structured Streaming: Kafka to PostgreSQL.")
    add = parser.add_argument
    add("--kafka", default=environment("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"), help="bootstrap servers")
    add("--schema", default=environment("SPARK_SCHEMA", "spark"), help="of PostgreSQL, made when it is not there")
    add("--checkpoint", default=environment("SPARK_CHECKPOINT", "spark-checkpoint"),
        help="folder or URL that the driver and all executors reach; it belongs to the schema")
    add("--master", default=environment("SPARK_MASTER"), help="as spark-submit's; only where that has not said one (local[*])")
    add("--trigger", default=environment("SPARK_TRIGGER", "2 seconds"),
        help="time between micro-batches, or 'available-now': takes what is in Kafka and ends")
    add("--at-idle", choices=("clock", "finish"), default=environment("SPARK_AT_IDLE", "clock"),
        help="when all inputs of a lane are idle: the watermark goes on with the clock, or all windows become final")
    add("--max-events", type=int, default=int(environment("SPARK_MAX_EVENTS", "1000000")), help="of one micro-batch")
    add("--duration", type=int, default=int(environment("CHAT_WINDOW_DURATION_SECONDS", "60")), help="of a window, seconds")
    add("--slide", type=int, default=int(environment("CHAT_WINDOW_SLIDE_SECONDS", "10")), help="seconds")
    add("--lateness", type=float, default=10, help="allowed lateness, seconds")
    add("--max-future", type=int, default=300, help="seconds")
    add("--idle-timeout", type=float, default=5, help="seconds")
    add("--sql-folder", type=pathlib.Path, default=HERE.parent / "sql", help="infra/sql")
    options = parser.parse_args(arguments)
    if options.slide < 1 or options.duration < 1 or options.duration % options.slide:
        parser.error("--duration must be a multiple of --slide")
    options.duration_ns, options.slide_ns = options.duration * NS_PER_S, options.slide * NS_PER_S
    options.lateness_ns = int(options.lateness * NS_PER_S)
    options.topics = {kind: environment(f"KAFKA_TOPIC_{kind.upper()}", f"telemetra.events.{kind}") for kind in KINDS}
    for name, default in (("host", "localhost"), ("port", "5432"), ("user", "telemetra"),
                          ("password", "telemetra_dev_password"), ("db", "telemetra")):
        setattr(options, f"postgres_{name}", environment(f"POSTGRES_{name.upper()}", default))
    options.kept = lambda: (f"duration={options.duration}s slide={options.slide}s topics={','.join(options.topics.values())}")
    return options
