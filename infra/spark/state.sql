-- What the Spark job keeps for itself, beside the tables of datasets (tables.sql) in its schema.

-- One row: the last micro-batch whose rows are here. It is written in one transaction with them.
CREATE TABLE spark_progress (
    query text PRIMARY KEY,         -- Spark's id of the query, which is in its checkpoint
    settings text NOT NULL,         -- windows and topics: others would not fit what is here
    batch bigint NOT NULL,
    lanes text NOT NULL,            -- watermarks, as progress.py writes them
    open_events text NOT NULL,      -- folder in the checkpoint: events of windows that are open
    consumed bigint NOT NULL,
    applied bigint NOT NULL,
    duplicate bigint NOT NULL,
    late bigint NOT NULL,
    dead_lettered bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX spark_progress_is_one ON spark_progress ((true));

-- What decides a stream's status: of each value the (timestamp, event_id) of the event that told it last.
CREATE TABLE spark_streams (
    stream_id text COLLATE "C" PRIMARY KEY,
    lane integer NOT NULL,
    first_ns bigint NOT NULL,
    last_ns bigint NOT NULL,
    viewer_ns bigint, viewer_id text COLLATE "C", viewer_count bigint,
    revived_ns bigint, revived_id text COLLATE "C",
    ended_ns bigint, ended_id text COLLATE "C",
    started_ns bigint, started_id text COLLATE "C", started_at bigint,
    name_ns bigint, name_id text COLLATE "C", streamer_name text COLLATE "C",
    title_ns bigint, title_id text COLLATE "C", title text COLLATE "C",
    category_ns bigint, category_id text COLLATE "C", game_category text COLLATE "C",
    language_ns bigint, language_id text COLLATE "C", language text COLLATE "C"
) WITH (fillfactor = 80);

-- Where Spark's tasks write, each on a connection of its own; one transaction takes it over from here.
CREATE UNLOGGED TABLE spark_new_streams (LIKE spark_streams);
CREATE UNLOGGED TABLE spark_new_windows (LIKE windows);
ALTER TABLE spark_new_windows DROP COLUMN sentiment, DROP COLUMN positive_count, DROP COLUMN negative_count,
    DROP COLUMN slide_scored_count, DROP COLUMN slide_sentiment_sum,
    ALTER COLUMN top_emotes TYPE text, ALTER COLUMN amounts TYPE text;
CREATE UNLOGGED TABLE spark_new_dead_letters (LIKE dead_letters);
