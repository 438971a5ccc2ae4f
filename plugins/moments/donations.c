/* SPDX-License-Identifier: Apache-2.0 */
/* donation_burst: transactions of a window, by their number (a gift of 20 subscriptions counts as 20), by the money of
 * one currency, or by what gifts of several give, well above what is usual.
 *
 * Somebody who gives five subscriptions at once is an event where five renewals in a minute are none, though both count
 * alike. What gifts bring beyond one each, payments less transactions, tells them apart and has a rate of its own,
 * nearly 0. What it rises by from a window to the next came in one slide, at the least: five gifts of two in a minute
 * do not add up to a large one.
 *
 * Money comes rarely and in unlike amounts, so a minute that brings some is compared with others that did. Baselines
 * learn from windows that do not overlap; every window is judged. */
#include "judge.h"
#include "rate.h"
#include "sentence.h"

#include <math.h>

/* A burst has at least this many times the transactions that are expected. */
#define RATIO_MIN 2.0
/* Minutes with money before a currency without a prior is judged. */
#define PAID_MIN 6
/* What a first guess of a typical amount weighs, in minutes with money. */
#define PRIOR_WEIGHT 2
#define PRIOR_SPREAD 0.3

static const tlm_baseline_tuning tuning = {
    .level_gain = 1.0 / 30, .spread_gain = 1.0 / 60, .spread_min = 1, .widening = 1.1};
/* Amounts are judged by their fourth roots, near which sums of unlike payments are normal (E. B. Wilson, M. M.
 * Hilferty, "The distribution of chi-square", PNAS 17, 1931, of cube roots; the fourth one needs but sqrt). A spread of
 * 16 % of that is the least: what five payments bring instead of one stands out by 3. */
static const tlm_baseline_tuning money_tuning = {
    .level_gain = 1.0 / 30, .spread_gain = 1.0 / 30, .spread_min = 0.01, .spread_share = 0.25, .widening = 2.5};

/* Bits, beside the codes of currencies. A bit pays the streamer a US cent. */
#define BITS "bit"

/* What a subscription costs, about: the first guess of what a minute with money brings, and the least it is taken for.
 * A currency that is not here has to be seen a few times first. */
static const struct {
    char code[4];
    double amount;
} priors[] = {{"USD", 5}, {"EUR", 5}, {"GBP", 5}, {"CAD", 5}, {"AUD", 5}, {"CHF", 5}, {BITS, 500}};

/* Units of money in one of a currency: 10^TLM_DECIMAL_SCALE. */
#define UNITS 1000000000
_Static_assert(TLM_DECIMAL_SCALE == 9, "UNITS follows the scale of decimals");

/* The money of a window. */
typedef struct {
    struct {
        char code[4];
        tlm_wide units; /* 10^-TLM_DECIMAL_SCALE */
    } sums[TLM_CURRENCIES_MAX];
    uint32_t count;
} money;

typedef enum { BY_COUNT, BY_MONEY, BY_GIFTS } evidence;

/* What stands out most in a window. */
typedef struct {
    evidence by;
    double z, value, expected;
    tlm_wide exact; /* value in 10^-TLM_MOMENT_SCALE */
    char code[4];   /* BY_MONEY: the currency */
    bool is_worth_it;
} finding;

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void add_sum(money *of, const char *code, tlm_wide units)
{
    if (units <= 0)
        return;
    for (uint32_t i = 0; i < of->count; i++)
        if (!memcmp(of->sums[i].code, code, 3)) {
            of->sums[i].units += units;
            return;
        }
    if (of->count == TLM_CURRENCIES_MAX)
        return;
    memcpy(of->sums[of->count].code, code, 3);
    of->sums[of->count].code[3] = '\0';
    of->sums[of->count++].units = units;
}

/* Reads {"USD":"12.5",...} as `window` writes it; what looks otherwise is passed over. */
static void read_amounts(tlm_text json, money *ret_money)
{
    static const size_t before_amount = sizeof "\"USD\":\"" - 1;
    const char *at = json.data, *end = json.data + json.size;
    while (at < end && (at = memchr(at, '"', (size_t)(end - at))) && (size_t)(end - at) > before_amount) {
        const char *amount = at + before_amount;
        const char *quote = memchr(amount, '"', (size_t)(end - amount));
        tlm_wide units;
        if (!quote || memcmp(at + 4, "\":\"", 3) || tlm_decimal_parse(amount, (size_t)(quote - amount), &units) < 0)
            return;
        add_sum(ret_money, at + 1, units);
        at = quote + 1;
    }
}

static void read_money(const tlm_window_row *row, money *ret_money)
{
    *ret_money = (money){0};
    add_sum(ret_money, BITS, row->bits * UNITS);
    read_amounts(row->amounts, ret_money);
}

/* --- what is usual ------------------------------------------------------------------------------------------------ */

static double prior_of(const char *code)
{
    for (size_t i = 0; i < TLM_COUNT(priors); i++)
        if (!strcmp(priors[i].code, code))
            return priors[i].amount;
    return 0;
}

static double root_of(double amount)
{
    return sqrt(sqrt(amount));
}

/* What a minute with money brings; above 0 for a currency that is judged. */
static double typical_of(const tlm_currency *currency)
{
    double level = currency->paid.level, least = prior_of(currency->code);
    double typical = level * level * level * level;
    return typical > least ? typical : least;
}

/* Takes an amount for typical before more is known, and the spread for a wide one. */
static void guess(tlm_currency *currency, double amount, uint32_t weight)
{
    double level = root_of(amount), spread = PRIOR_SPREAD * level;
    currency->paid = (tlm_baseline){.level = level, .variance = spread * spread, .count = weight};
}

static tlm_currency *find_currency(tlm_donations *donations, const char *code)
{
    for (uint32_t i = 0; i < donations->currency_count; i++)
        if (!strcmp(donations->currencies[i].code, code))
            return &donations->currencies[i];
    if (donations->currency_count == TLM_CURRENCIES_MAX)
        return NULL;
    tlm_currency *added = &donations->currencies[donations->currency_count++];
    *added = (tlm_currency){0};
    memcpy(added->code, code, sizeof added->code);
    if (prior_of(code) > 0)
        guess(added, prior_of(code), PRIOR_WEIGHT);
    return added;
}

static double amount_of(const money *sums, const char *code)
{
    for (uint32_t i = 0; i < sums->count; i++)
        if (!strcmp(sums->sums[i].code, code))
            return (double)sums->sums[i].units / UNITS;
    return 0;
}

static void learn_money(tlm_donations *donations, const money *sums)
{
    for (uint32_t i = 0; i < donations->currency_count; i++) {
        double amount = amount_of(sums, donations->currencies[i].code);
        if (amount > 0 && donations->currencies[i].paid.count == 0)
            guess(&donations->currencies[i], amount, 1);
        else if (amount > 0)
            tlm_baseline_learn(&donations->currencies[i].paid, &money_tuning, root_of(amount), 1);
    }
}

/* A burst that lasts: what it brings is what is typical from now on. */
static void move_money(tlm_donations *donations, const money *sums)
{
    for (uint32_t i = 0; i < donations->currency_count; i++) {
        tlm_currency *currency = &donations->currencies[i];
        double amount = amount_of(sums, currency->code);
        if (amount > 0)
            tlm_baseline_move(&currency->paid, root_of(amount));
    }
}

/* What gifts give beyond one each. */
static int64_t gifts_of(const tlm_window_row *row)
{
    tlm_wide gifts = row->payments - row->transactions;
    return gifts <= 0 ? 0 : gifts < INT64_MAX ? (int64_t)gifts : INT64_MAX;
}

/* Learns the windows without a row, in which nothing was given, that end at multiples of the duration. */
static void pass_silence(tlm_judge *judge, tlm_donations *donations, const tlm_window_row *row, uint32_t slides)
{
    int64_t duration_ns = row->end_ns - row->start_ns, slide_ns = judge->settings->slide_ns;
    if (slides >= judge->settings->merge_slides)
        tlm_episode_end(&donations->count.episode);
    for (int64_t end_ns = row->end_ns - slides * slide_ns; end_ns < row->end_ns; end_ns += slide_ns) {
        if (end_ns % duration_ns)
            continue;
        donations->gift_rate = tlm_rate_learn(donations->gift_rate, 0);
        if (!donations->count.episode.direction)
            tlm_baseline_learn(&donations->count.baseline, &tuning, tlm_baseline_scale(0), 1);
    }
}

/* --- judging ------------------------------------------------------------------------------------------------------ */

static void take_if_more(finding *best, const finding *other)
{
    if (other->is_worth_it > best->is_worth_it || (other->is_worth_it == best->is_worth_it && other->z > best->z))
        *best = *other;
}

static void judge_count(const tlm_judge *judge, const tlm_donations *donations, const tlm_window_row *row,
                        finding *ret_finding)
{
    const tlm_baseline *baseline = &donations->count.baseline;
    double count = (double)row->payments;
    *ret_finding = (finding){.value = count, .exact = row->payments * 10000};
    if (baseline->count == 0)
        return;
    double forecast = tlm_baseline_forecast(baseline);
    ret_finding->expected = tlm_baseline_count(forecast);
    ret_finding->z = (tlm_baseline_scale(count) - forecast) / tlm_baseline_spread(baseline, &tuning);
    ret_finding->is_worth_it = row->payments >= judge->settings->min_transactions &&
                               count >= RATIO_MIN * ret_finding->expected &&
                               ret_finding->z >= judge->settings->threshold;
}

static void judge_money(const tlm_judge *judge, tlm_donations *donations, const money *sums, finding *best)
{
    for (uint32_t i = 0; i < sums->count; i++) {
        const tlm_currency *currency = find_currency(donations, sums->sums[i].code);
        if (!currency || (currency->paid.count < PAID_MIN && prior_of(currency->code) <= 0))
            continue;
        double typical = typical_of(currency);
        finding found = {.by = BY_MONEY, .value = (double)sums->sums[i].units / UNITS, .expected = typical};
        found.z = (root_of(found.value) - root_of(typical)) / tlm_baseline_spread(&currency->paid, &money_tuning);
        found.is_worth_it = found.z >= judge->settings->threshold;
        memcpy(found.code, currency->code, sizeof found.code);
        found.exact = tlm_decimal_divide_half_even(sums->sums[i].units, UNITS / 10000);
        take_if_more(best, &found);
    }
}

/* `before` is what stood in the window a slide ago. */
static void judge_gifts(const tlm_judge *judge, const tlm_donations *donations, const tlm_window_row *row,
                        int64_t before, finding *best)
{
    int64_t beyond = gifts_of(row) - before;
    if (beyond <= 0)
        return;
    tlm_wide gifts = (tlm_wide)beyond + 1; /* of one gift; of several, it is at least so many */
    finding found = {.by = BY_GIFTS, .value = (double)gifts, .exact = gifts * 10000, .expected = donations->gift_rate};
    found.z = tlm_rate_z(donations->gift_rate, (double)beyond);
    found.is_worth_it = gifts >= judge->settings->min_transactions && found.z >= judge->settings->threshold;
    take_if_more(best, &found);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void write_count_sentence(const finding *found, const char *span, char out[static TLM_SENTENCE_SIZE])
{
    char count[TLM_WORDS_SIZE], usual[TLM_WORDS_SIZE];
    bool is_rare = found->expected < 0.5;
    (void)snprintf(out, TLM_SENTENCE_SIZE,
                   "%s donations, subscriptions, gifts and cheers came in %s, where %s%s are usual.",
                   tlm_words_number(found->value, count), span, is_rare ? "next to none" : "about ",
                   is_rare ? "" : tlm_words_number(found->expected, usual));
}

static void write_gifts_sentence(const finding *found, const char *slide, const char *span,
                                 char out[static TLM_SENTENCE_SIZE])
{
    char gifts[TLM_WORDS_SIZE], usual[TLM_WORDS_SIZE];
    bool is_rare = found->expected < 0.5;
    (void)snprintf(out, TLM_SENTENCE_SIZE,
                   "At least %s subscriptions were given away within %s, where %s%s are usual in %s.",
                   tlm_words_number(found->value, gifts), slide, is_rare ? "next to none" : "about ",
                   is_rare ? "" : tlm_words_number(found->expected, usual), span);
}

static void write_money_sentence(const finding *found, double typical, const char *span,
                                 char out[static TLM_SENTENCE_SIZE])
{
    char amount[TLM_WORDS_SIZE], usual[TLM_WORDS_SIZE], times[TLM_WORDS_SIZE];
    bool is_bits = !strcmp(found->code, BITS);
    unsigned decimals = is_bits ? 0 : 2;
    (void)snprintf(out, TLM_SENTENCE_SIZE,
                   "%s %s came in %s, about %s times the %s that a minute with money usually brings.",
                   tlm_words_amount(found->value, decimals, amount), is_bits ? "bits" : found->code, span,
                   tlm_words_times(found->value / typical, times), tlm_words_amount(typical, decimals, usual));
}

static void write_metadata(tlm_judge *judge, const tlm_window_row *row, const finding *found)
{
    tlm_json_writer json;
    tlm_judge_begin_metadata(judge, &json, row->end_ns - row->start_ns);
    if (found->by == BY_MONEY && strcmp(found->code, BITS)) {
        TLM_JSON_KEY(&json, "currency");
        tlm_json_string(&json, found->code, 3);
    }
    TLM_JSON_KEY(&json, "payment_count");
    tlm_judge_number(&json, (double)row->payments, 0);
    TLM_JSON_KEY(&json, "transaction_count");
    tlm_json_int(&json, row->transactions);
    TLM_JSON_KEY(&json, "bits");
    tlm_judge_number(&json, (double)row->bits, 0);
    TLM_JSON_KEY(&json, "amounts");
    tlm_json_raw(&json, row->amounts.data, row->amounts.size);
    tlm_judge_end_metadata(&json);
}

static const char *metric_of(const finding *found)
{
    static const char *const names[] = {[BY_COUNT] = "payment_count", [BY_MONEY] = "amount", [BY_GIFTS] = "gift_count"};
    return found->by == BY_MONEY && !strcmp(found->code, BITS) ? "bits" : names[found->by];
}

static int emit(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, const finding *found)
{
    char sentence[TLM_SENTENCE_SIZE], span[TLM_WORDS_SIZE], slide[TLM_WORDS_SIZE];
    tlm_words_span(row->end_ns - row->start_ns, span);
    tlm_words_span(judge->settings->slide_ns, slide);
    if (found->by == BY_MONEY)
        write_money_sentence(found, typical_of(find_currency(&stream->donations, found->code)), span, sentence);
    else if (found->by == BY_GIFTS)
        write_gifts_sentence(found, slide, span, sentence);
    else
        write_count_sentence(found, span, sentence);
    write_metadata(judge, row, found);
    tlm_moment moment = {.kind = TLM_MOMENT_DONATION_BURST,
                         .metric_name = metric_of(found),
                         .value = found->exact,
                         .expected = tlm_moment_units(found->expected, TLM_MOMENT_SCALE),
                         .z = found->z,
                         .description = tlm_text_of(sentence)};
    return tlm_judge_emit(judge, stream, row, &stream->donations.count.episode, &moment);
}

int tlm_judge_donations(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides)
{
    tlm_donations *donations = &stream->donations;
    tlm_track *track = &donations->count;
    money sums;
    finding best;
    pass_silence(judge, donations, row, slides - 1);
    read_money(row, &sums);
    judge_count(judge, donations, row, &best);
    judge_money(judge, donations, &sums, &best);
    judge_gifts(judge, donations, row, slides == 1 ? donations->window_gifts : 0, &best);
    donations->window_gifts = gifts_of(row);
    bool learns = row->end_ns % (row->end_ns - row->start_ns) == 0;
    bool may_raise = best.is_worth_it && (judge->settings->kinds & 1u << TLM_MOMENT_DONATION_BURST) &&
                     row->end_ns - stream->first_ns >= judge->settings->warm_up_ns;
    tlm_reading reading = tlm_judge_reading(judge, row, slides, best.z, may_raise);
    int what = tlm_judge_take(judge, track, &tuning, &reading, tlm_baseline_scale((double)row->payments), false);
    if (learns)
        donations->gift_rate = tlm_rate_learn(donations->gift_rate, (double)donations->window_gifts);
    if (what == TLM_EPISODE_LASTED)
        move_money(donations, &sums);
    else if (learns && !track->episode.direction) {
        tlm_baseline_learn(&track->baseline, &tuning, tlm_baseline_scale((double)row->payments), 1);
        learn_money(donations, &sums);
    }
    return tlm_judge_is_news(what) ? emit(judge, stream, row, &best) : 0;
}
