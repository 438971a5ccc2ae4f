-- The tables of datasets as aggregators make them in their schema, for the schema of the Spark job: same columns, keys,
-- indexes, views and catalogue, so that an API reads either. `moments` stays empty: the job finds none. It
-- has to be changed with the datasets of plugins/; infra/sql/README.md has the rules.

CREATE TABLE windows (
    stream_id text COLLATE "C" NOT NULL,
    window_start bigint NOT NULL,
    window_end bigint NOT NULL,
    message_count bigint NOT NULL,
    chat_rate numeric(39, 2) NOT NULL,
    unique_chatters bigint NOT NULL,
    sentiment numeric(39, 4),
    positive_count bigint NOT NULL,
    negative_count bigint NOT NULL,
    top_emotes json NOT NULL,
    viewer_avg numeric(39, 2),
    viewer_min bigint,
    viewer_max bigint,
    viewer_last bigint,
    transaction_count bigint NOT NULL,
    amounts json NOT NULL,
    bits numeric(39, 0) NOT NULL,
    payment_count numeric(39, 0) NOT NULL,
    slide_start bigint NOT NULL,
    slide_message_count bigint NOT NULL,
    slide_viewer_count bigint NOT NULL,
    slide_viewer_sum numeric(39, 0),
    slide_viewer_min bigint,
    slide_viewer_max bigint,
    slide_viewer_last bigint,
    slide_scored_count bigint NOT NULL,
    slide_sentiment_sum bigint NOT NULL,
    slide_chatters bytea NOT NULL,
    PRIMARY KEY (stream_id, window_end)
);
CREATE INDEX windows_by_time ON windows USING btree (window_end);
CREATE VIEW windows_readable AS
    SELECT stream_id,
        timestamptz 'epoch' + (window_start / 1000) * interval '1 microsecond' AS window_start,
        timestamptz 'epoch' + (window_end / 1000) * interval '1 microsecond' AS window_end,
        message_count,
        chat_rate,
        unique_chatters,
        sentiment,
        positive_count,
        negative_count,
        top_emotes,
        viewer_avg,
        viewer_min,
        viewer_max,
        viewer_last,
        transaction_count,
        amounts,
        bits,
        payment_count,
        timestamptz 'epoch' + (slide_start / 1000) * interval '1 microsecond' AS slide_start,
        slide_message_count,
        slide_viewer_count,
        slide_viewer_sum,
        slide_viewer_min,
        slide_viewer_max,
        slide_viewer_last,
        slide_scored_count,
        slide_sentiment_sum,
        slide_chatters
    FROM windows;
INSERT INTO telemetra_datasets VALUES ('windows', 1, 'One row a stream and window in which it had a chat, viewer or transaction event.');
INSERT INTO telemetra_columns VALUES
    ('windows', 0, 'stream_id', 1, 0, 5, NULL, 'The stream.'),
    ('windows', 1, 'window_start', 4, 0, 0, NULL, 'Begin of the window: a multiple of the slide.'),
    ('windows', 2, 'window_end', 4, 0, 9, NULL, 'End of the window, exclusive.'),
    ('windows', 3, 'message_count', 2, 0, 0, 'messages', 'Chat messages in the window.'),
    ('windows', 4, 'chat_rate', 3, 2, 0, 'messages/min', 'message_count x 60 / duration.'),
    ('windows', 5, 'unique_chatters', 2, 0, 0, 'users', 'Distinct users that chatted; exact up to 4,096, above that within 1 % standard error.'),
    ('windows', 6, 'sentiment', 3, 4, 2, NULL, 'Mean sentiment of the scored messages, -1 to 1; null when none was scored.'),
    ('windows', 7, 'positive_count', 2, 0, 0, 'messages', 'Messages scored 0.05 or more.'),
    ('windows', 8, 'negative_count', 2, 0, 0, 'messages', 'Messages scored -0.05 or less.'),
    ('windows', 9, 'top_emotes', 6, 0, 0, NULL, 'The ten emotes used most, as an array of {name, count}; ties by name.'),
    ('windows', 10, 'viewer_avg', 3, 2, 2, 'viewers', 'Mean of the viewer counts.'),
    ('windows', 11, 'viewer_min', 2, 0, 2, 'viewers', 'Smallest viewer count.'),
    ('windows', 12, 'viewer_max', 2, 0, 2, 'viewers', 'Largest viewer count.'),
    ('windows', 13, 'viewer_last', 2, 0, 2, 'viewers', 'Last viewer count.'),
    ('windows', 14, 'transaction_count', 2, 0, 0, 'transactions', 'Transactions in the window, those in bits too.'),
    ('windows', 15, 'amounts', 6, 0, 0, NULL, 'Exact sum a currency, as an object of decimal texts: {"USD":"12.5"}.'),
    ('windows', 16, 'bits', 3, 0, 0, 'bits', 'Sum of the transactions in bits.'),
    ('windows', 17, 'payment_count', 3, 0, 0, 'payments', 'Transactions, each gift_sub counted as often as it gives (gift_count, at least 1).'),
    ('windows', 18, 'slide_start', 4, 0, 0, NULL, 'Begin of the window''s last slide.'),
    ('windows', 19, 'slide_message_count', 2, 0, 0, 'messages', 'Chat messages in the window''s last slide.'),
    ('windows', 20, 'slide_viewer_count', 2, 0, 0, 'events', 'Viewer events in the last slide.'),
    ('windows', 21, 'slide_viewer_sum', 3, 0, 2, 'viewers', 'Sum of the viewer counts in the last slide.'),
    ('windows', 22, 'slide_viewer_min', 2, 0, 2, 'viewers', 'Smallest viewer count in the last slide.'),
    ('windows', 23, 'slide_viewer_max', 2, 0, 2, 'viewers', 'Largest viewer count in the last slide.'),
    ('windows', 24, 'slide_viewer_last', 2, 0, 2, 'viewers', 'Last viewer count in the last slide.'),
    ('windows', 25, 'slide_scored_count', 2, 0, 0, 'messages', 'Messages of the last slide that were scored.'),
    ('windows', 26, 'slide_sentiment_sum', 2, 0, 0, '0.0001', 'Sum of their scores: with the count it gives the mean over any range.'),
    ('windows', 27, 'slide_chatters', 7, 0, 0, NULL, 'Mergeable HyperLogLog sketch of the last slide''s chatters.');

CREATE TABLE streams (
    stream_id text COLLATE "C" NOT NULL,
    streamer_name text COLLATE "C",
    title text COLLATE "C",
    game_category text COLLATE "C",
    language text COLLATE "C",
    started_at bigint,
    is_live boolean NOT NULL,
    viewer_count bigint,
    last_event_at bigint NOT NULL,
    PRIMARY KEY (stream_id)
) WITH (fillfactor = 80);
CREATE INDEX streams_by_viewers ON streams USING btree (is_live DESC, viewer_count DESC NULLS LAST, stream_id);
CREATE VIEW streams_readable AS
    SELECT stream_id,
        streamer_name,
        title,
        game_category,
        language,
        timestamptz 'epoch' + (started_at / 1000) * interval '1 microsecond' AS started_at,
        is_live,
        viewer_count,
        timestamptz 'epoch' + (last_event_at / 1000) * interval '1 microsecond' AS last_event_at
    FROM streams;
INSERT INTO telemetra_datasets VALUES ('streams', 2, 'What is known of each stream.');
INSERT INTO telemetra_columns VALUES
    ('streams', 0, 'stream_id', 1, 0, 5, NULL, 'The stream.'),
    ('streams', 1, 'streamer_name', 1, 0, 2, NULL, 'Who streams.'),
    ('streams', 2, 'title', 1, 0, 2, NULL, 'Its title.'),
    ('streams', 3, 'game_category', 1, 0, 2, NULL, 'Game or category.'),
    ('streams', 4, 'language', 1, 0, 2, NULL, 'Language of the stream.'),
    ('streams', 5, 'started_at', 4, 0, 2, NULL, 'When it started, by stream_start, else by its first event.'),
    ('streams', 6, 'is_live', 5, 0, 0, NULL, 'Whether it is live.'),
    ('streams', 7, 'viewer_count', 2, 0, 2, 'viewers', 'The last viewer count.'),
    ('streams', 8, 'last_event_at', 4, 0, 0, NULL, 'Time of its latest event when the row was made.');

CREATE TABLE moments (
    moment_id text COLLATE "C" NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    peak_at bigint NOT NULL,
    moment_type text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    metric_name text COLLATE "C" NOT NULL,
    metric_value numeric(39, 4),
    expected numeric(39, 4),
    threshold numeric(39, 4) NOT NULL,
    z_score numeric(39, 2),
    severity numeric(39, 2) NOT NULL,
    metadata json NOT NULL,
    PRIMARY KEY (moment_id)
) WITH (fillfactor = 80);
CREATE INDEX moments_by_stream ON moments USING btree (stream_id, peak_at);
CREATE INDEX moments_by_time ON moments USING btree (peak_at);
CREATE VIEW moments_readable AS
    SELECT moment_id,
        stream_id,
        timestamptz 'epoch' + (started_at / 1000) * interval '1 microsecond' AS started_at,
        timestamptz 'epoch' + (peak_at / 1000) * interval '1 microsecond' AS peak_at,
        moment_type,
        description,
        metric_name,
        metric_value,
        expected,
        threshold,
        z_score,
        severity,
        metadata
    FROM moments;
INSERT INTO telemetra_datasets VALUES ('moments', 2, 'What stood out in a stream; a later row of a moment tells of a higher peak.');
INSERT INTO telemetra_columns VALUES
    ('moments', 0, 'moment_id', 1, 0, 1, NULL, '32 hex digits that a replay gives again and a revision keeps.'),
    ('moments', 1, 'stream_id', 1, 0, 4, NULL, 'The stream.'),
    ('moments', 2, 'started_at', 4, 0, 0, NULL, 'Estimate of its start: begin of the first slide that stood out.'),
    ('moments', 3, 'peak_at', 4, 0, 8, NULL, 'End of the slide with its peak so far; of a raid, the time of its event.'),
    ('moments', 4, 'moment_type', 1, 0, 0, NULL, 'chat_spike, viewer_surge, viewer_drop, donation_burst, raid or sentiment_shift.'),
    ('moments', 5, 'description', 1, 0, 0, NULL, 'What happened, in a sentence.'),
    ('moments', 6, 'metric_name', 1, 0, 0, NULL, 'What was measured.'),
    ('moments', 7, 'metric_value', 3, 4, 2, NULL, 'The measure at the peak; null for a raid that did not tell its size.'),
    ('moments', 8, 'expected', 3, 4, 2, NULL, 'What it should have been by what is usual for the stream.'),
    ('moments', 9, 'threshold', 3, 4, 0, NULL, 'z-score from which on a moment is raised.'),
    ('moments', 10, 'z_score', 3, 2, 2, NULL, 'The difference in units of what the metric strays by usually; below 0 for a fall.'),
    ('moments', 11, 'severity', 3, 2, 0, NULL, '0 to 1: a third at the threshold, a half at twice of it.'),
    ('moments', 12, 'metadata', 6, 0, 0, NULL, 'Further numbers, by kind.');

CREATE TABLE dead_letters (
    input text COLLATE "C" NOT NULL,
    generation text COLLATE "C" NOT NULL,
    ordinal bigint NOT NULL,
    topic text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    line bigint,
    byte_offset bigint NOT NULL,
    log_partition bigint,
    reason text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    raw bytea NOT NULL,
    noted_at bigint NOT NULL,
    PRIMARY KEY (input, generation, ordinal)
);
CREATE INDEX dead_letters_by_time ON dead_letters USING btree (noted_at);
CREATE VIEW dead_letters_readable AS
    SELECT input,
        generation,
        ordinal,
        topic,
        origin,
        line,
        byte_offset,
        log_partition,
        reason,
        size,
        raw,
        timestamptz 'epoch' + (noted_at / 1000) * interval '1 microsecond' AS noted_at
    FROM dead_letters;
INSERT INTO telemetra_datasets VALUES ('dead_letters', 1, 'Records that could not be applied, with their raw bytes, origin and reason.');
INSERT INTO telemetra_columns VALUES
    ('dead_letters', 0, 'input', 1, 0, 1, NULL, 'instance name of the source'),
    ('dead_letters', 1, 'generation', 1, 0, 1, NULL, 'which file, run or log of the source'),
    ('dead_letters', 2, 'ordinal', 2, 0, 1, NULL, 'number of the record in the input, from 0'),
    ('dead_letters', 3, 'topic', 1, 0, 0, NULL, 'chat, viewer, transactions, stream_meta, or unknown'),
    ('dead_letters', 4, 'origin', 1, 0, 0, NULL, 'file or topic it came from'),
    ('dead_letters', 5, 'line', 2, 0, 2, NULL, 'line in the file, from 1'),
    ('dead_letters', 6, 'byte_offset', 2, 0, 0, NULL, 'where it begins in its origin'),
    ('dead_letters', 7, 'log_partition', 2, 0, 2, NULL, 'partition of the topic it came from'),
    ('dead_letters', 8, 'reason', 1, 0, 0, NULL, 'why it was not applied'),
    ('dead_letters', 9, 'size', 2, 0, 0, 'bytes', 'its true size; of more than 1 MiB only the beginning is kept'),
    ('dead_letters', 10, 'raw', 7, 0, 0, NULL, 'its bytes as they came'),
    ('dead_letters', 11, 'noted_at', 4, 0, 8, NULL, 'when it was decided, by the clock');
