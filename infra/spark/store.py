# SPDX-License-Identifier: Apache-2.0
"""The schema in PostgreSQL. Spark's tasks write rows into tables of their own by JDBC; a transaction of the driver takes
them over together with the number of the micro-batch, so that each row is there exactly once, whatever is killed when."""

import pathlib

from streams import LASTS

HERE = pathlib.Path(__file__).resolve().parent
SILENCE_NS = 15 * 60 * 1_000_000_000
#: First key of Telemetra's advisory locks (plugins/postgres/migrate.c).
LOCK_CLASS = 1414286676
NO_SCORES = {"sentiment": "NULL::numeric", "positive_count": "0", "negative_count": "0", "slide_scored_count": "0",
             "slide_sentiment_sum": "0"}
AS_JSON = ("top_emotes", "amounts")
STREAM_COLUMNS = ("stream_id", "streamer_name", "title", "game_category", "language", "started_at", "is_live", "viewer_count",
                  "last_event_at")


class Refused(Exception):
    """What the schema holds does not fit this run; a sentence for its user."""


class Store:
    def __init__(self, spark, settings):
        self.jvm, self.settings = spark._jvm, settings
        self.schema = settings.schema
        self.url = f"jdbc:postgresql://{settings.postgres_host}:{settings.postgres_port}/{settings.postgres_db}"
        self.options = {"user": settings.postgres_user, "password": settings.postgres_password,
                        "currentSchema": self.schema, "ApplicationName": "telemetra-spark", "reWriteBatchedInserts": "true",
                        "stringtype": "unspecified", "tcpKeepAlive": "true"}
        self.connection = None
        self.noted = None  # the micro-batch that the schema is known to be at

    # --- SQL of the driver ---

    def connect(self):
        if self.connection is None or self.connection.isClosed():
            properties = self.jvm.java.util.Properties()
            for name, value in self.options.items():
                properties.setProperty(name, value)
            self.connection = self.jvm.org.postgresql.Driver().connect(self.url, properties)
            self.connection.setAutoCommit(False)
        return self.connection

    def run(self, sql):
        """Rows changed by a statement (of several: by the first)."""
        statement = self.connect().createStatement()
        try:
            statement.execute(sql)
            return statement.getUpdateCount()
        finally:
            statement.close()

    def ask(self, sql, *values):
        """The first row as texts, or None."""
        statement = self.connect().prepareStatement(sql)
        try:
            for place, value in enumerate(values, 1):
                statement.setString(place, value)
            rows = statement.executeQuery()
            count = rows.getMetaData().getColumnCount()
            return tuple(rows.getString(i) for i in range(1, count + 1)) if rows.next() else None
        finally:
            statement.close()

    def columns(self, table):
        return self.ask("SELECT string_agg(quote_ident(column_name), ',' ORDER BY ordinal_position) FROM"
                        " information_schema.columns WHERE table_schema = current_schema() AND table_name = ?",
                        table)[0].split(",")

    def transaction(self, work):
        """Calls work() in one transaction. After an error nothing of it is there and the connection is given up."""
        try:
            result = work()
            self.connect().commit()
            return result
        except BaseException:
            connection, self.connection = self.connection, None
            try:
                if connection is not None:
                    connection.close()
            except Exception:  # what is reported is the first error
                pass
            raise

    # --- tables ---

    def prepare(self):
        self.transaction(self.make_tables)

    def make_tables(self):
        name = '"' + self.schema.replace('"', '""') + '"'
        self.ask(f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, hashtext(?))", self.schema)
        self.run(f"CREATE SCHEMA IF NOT EXISTS {name}")
        if self.ask("SELECT to_regclass('spark_progress')")[0]:
            return
        if self.ask("SELECT to_regclass('telemetra_schema')")[0]:
            raise Refused(f"schema {self.schema} has tables of another program already; the Spark job wants one of its own: "
                          "set --schema (SPARK_SCHEMA) to another name")
        base = self.settings.sql_folder / "001_base.sql"
        self.run(base.read_text())
        self.run(f"INSERT INTO telemetra_schema (version, file) VALUES (1, '{base.name}')")
        self.run((HERE / "tables.sql").read_text())
        self.run((HERE / "state.sql").read_text())

    # --- progress ---

    def progress(self, query):
        """(batch, lanes, open_events) of the last micro-batch that was committed, or None before the first."""
        settings = self.settings.kept()
        found = self.transaction(lambda: self.ask("SELECT query, settings, batch, lanes, open_events FROM spark_progress"))
        if found is None:
            return None
        if found[0] != query:
            raise Refused(f"schema {self.schema} was written by another checkpoint (query {found[0]}, this one is {query}): "
                          "give --checkpoint the old one, or a new --schema")
        if found[1] != settings:
            raise Refused(f"schema {self.schema} was begun with {found[1]} and the job now has {settings}: restore the "
                          "settings, or name a new --schema and --checkpoint")
        self.noted = int(found[2])
        return self.noted, found[3], found[4]

    # --- a micro-batch ---

    def empty(self):
        """What a micro-batch that failed has left."""
        self.transaction(lambda: self.run("TRUNCATE spark_new_windows, spark_new_streams, spark_new_dead_letters"))

    def write(self, rows, table):
        """Spark's tasks write rows to a table of new ones."""
        rows.write.format("jdbc").mode("append").options(
            url=self.url, dbtable=table, driver="org.postgresql.Driver", batchsize=5000, isolationLevel="READ_COMMITTED",
            **self.options).save()

    def commit(self, query, batch, progress, open_events, counts, has_events):
        """Takes over what tasks have written, with the progress that it belongs to."""
        self.transaction(lambda: self.take_over(query, batch, progress, open_events, counts, has_events))
        self.noted = batch

    def take_over(self, query, batch, progress, open_events, counts, has_events):
        self.note(query, batch, progress, open_events, counts)
        if has_events["windows"]:
            self.add_windows()
        if has_events["dead_letters"]:
            self.run("INSERT INTO dead_letters SELECT DISTINCT ON (input, generation, ordinal) * FROM spark_new_dead_letters"
                     " ON CONFLICT DO NOTHING")
        lanes = ", ".join(f"({number}, {lane.quiet})" for number, lane in enumerate(progress.lanes))
        if has_events["events"]:
            self.merge_streams()
            self.update_streams(lanes)
        if lanes:
            self.silence_streams(lanes)
        self.run("TRUNCATE spark_new_windows, spark_new_streams, spark_new_dead_letters")

    def note(self, query, batch, progress, open_events, counts):
        """Moves the progress on from the micro-batch it is known to be at: of two jobs at most one can."""
        names = ("consumed", "applied", "duplicate", "late", "dead_lettered")
        if self.noted is None:
            sql = (f"INSERT INTO spark_progress (batch, lanes, open_events, {', '.join(names)}, query, settings)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        else:
            sql = ("UPDATE spark_progress SET batch = ?, lanes = ?, open_events = ?, "
                   + ", ".join(f"{name} = {name} + ?" for name in names)
                   + f", changed_at = now() WHERE query = ? AND settings = ? AND batch = {self.noted}")
        values = (batch, progress.kept(), open_events, *(counts.get(name, 0) for name in names), query, self.settings.kept())
        statement = self.connect().prepareStatement(sql)
        try:
            for place, value in enumerate(values, 1):
                statement.setLong(place, value) if isinstance(value, int) else statement.setString(place, value)
            if statement.executeUpdate() != 1:
                raise Refused(f"schema {self.schema} is no longer at micro-batch {self.noted}: another job writes it too")
        finally:
            statement.close()

    def add_windows(self):
        columns = self.columns("windows")
        values = [NO_SCORES.get(name) or (f"{name}::json" if name in AS_JSON else name) for name in columns]
        # A task that Spark had to repeat wrote its rows twice; they are the same rows.
        self.run(f"INSERT INTO windows ({', '.join(columns)}) SELECT DISTINCT ON (stream_id, window_end) {', '.join(values)}"
                 " FROM spark_new_windows")

    def merge_streams(self):
        sets = ["first_ns = least(s.first_ns, excluded.first_ns)", "last_ns = greatest(s.last_ns, excluded.last_ns)"]
        for group, values in LASTS:
            ns, event = f"{group}_ns", f"{group}_id"
            newer = (f"excluded.{ns} IS NOT NULL AND (s.{ns} IS NULL OR (excluded.{ns}, excluded.{event}) > (s.{ns}, s.{event}))")
            sets += [f"{name} = CASE WHEN {newer} THEN excluded.{name} ELSE s.{name} END" for name in (ns, event, *values)]
        columns = ", ".join(self.columns("spark_streams"))
        self.run(f"INSERT INTO spark_streams AS s ({columns}) SELECT DISTINCT ON (stream_id) {columns} FROM spark_new_streams"
                 f" ON CONFLICT (stream_id) DO UPDATE SET {', '.join(sets)}")

    def update_streams(self, lanes):
        """Rows of the streams that the micro-batch told something of, where they are others now."""
        live = (f"(s.ended_ns IS NULL OR (s.revived_ns IS NOT NULL AND (s.revived_ns, s.revived_id) > (s.ended_ns, s.ended_id)))"
                f" AND s.last_ns + {SILENCE_NS} > q.quiet")
        told = STREAM_COLUMNS[1:]
        sets = ", ".join(f"{name} = excluded.{name}" for name in told)
        self.run(f"INSERT INTO streams AS t ({', '.join(STREAM_COLUMNS)}) SELECT s.stream_id, s.streamer_name, s.title,"
                 f" s.game_category, s.language, CASE WHEN s.started_ns IS NULL THEN s.first_ns ELSE s.started_at END, {live},"
                 f" s.viewer_count, s.last_ns FROM spark_streams s JOIN (VALUES {lanes}) AS q (lane, quiet) USING (lane)"
                 f" WHERE s.stream_id IN (SELECT stream_id FROM spark_new_streams)"
                 f" ON CONFLICT (stream_id) DO UPDATE SET {sets} WHERE ({', '.join(f't.{name}' for name in told)})"
                 f" IS DISTINCT FROM ({', '.join(f'excluded.{name}' for name in told)})")

    def silence_streams(self, lanes):
        self.run(f"UPDATE streams t SET is_live = false, last_event_at = s.last_ns FROM spark_streams s JOIN (VALUES {lanes})"
                 f" AS q (lane, quiet) USING (lane) WHERE t.is_live AND s.stream_id = t.stream_id"
                 f" AND s.last_ns + {SILENCE_NS} <= q.quiet")
