/* SPDX-License-Identifier: Apache-2.0 */
/* donation_burst: transactions of a window, by their number or by the money of one currency, well above what is usual.
 *
 * Money comes rarely and in unlike amounts, so it is counted in multiples of what a minute with money brings (typical):
 * ten times of that is judged like ten events where hardly one is expected, whatever the currency. Baselines learn from
 * windows that do not overlap; every window is judged. */
#include "judge.h"
#include "sentence.h"

#include <math.h>

/* A burst has at least this many times the transactions that are expected. */
#define RATIO_MIN 2.0
/* Minutes with money before a currency without a prior is judged. */
#define PAID_MIN 3
/* A typical amount follows sixteen minutes with money; one of them counts for at most this multiple of its root, so
 * near a half that it follows their median. A guess weighs as much as two. */
#define TYPICAL_GAIN (1.0 / 16)
#define TYPICAL_CLIP 1.25
#define TYPICAL_PRIOR_WEIGHT 2
/* What a new stream is taken for: typical amounts a minute, and minutes that the guess weighs. */
#define USUAL_PRIOR 0.3
#define USUAL_PRIOR_WEIGHT 10
/* From this many typical amounts on a minute of a lasting burst sets the typical amount. */
#define LASTING_AMOUNTS 4.0

static const tlm_baseline_tuning tuning = {
    .level_gain = 1.0 / 30, .spread_gain = 1.0 / 60, .spread_min = 1, .widening = 1.25};
static const tlm_baseline_tuning money_tuning = {
    .level_gain = 1.0 / 60, .spread_gain = 1.0 / 60, .spread_min = 1, .widening = 1};

/* What a subscription costs, about: the first guess of what a minute with money brings, and the least it is taken for.
 * A currency that is not here has to be seen a few times first. */
static const struct {
    char code[4];
    double amount;
} priors[] = {{"USD", 5}, {"EUR", 5}, {"GBP", 5}, {"CAD", 5}, {"AUD", 5}, {"CHF", 5}};

/* A bit pays the streamer a US cent (Twitch, "Cheering with Bits":
 * https://help.twitch.tv/s/article/guide-to-cheering-with-bits), so bits are counted with the dollars. */
#define BITS_CURRENCY "USD"
#define BITS_PER_DOLLAR 100

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

/* What stands out most in a window. */
typedef struct {
    double z, value, expected;
    tlm_wide exact; /* value in 10^-TLM_MOMENT_SCALE */
    char code[4];   /* empty: the number of transactions */
    bool is_bits;   /* nothing but bits */
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
    add_sum(ret_money, BITS_CURRENCY, row->bits * (UNITS / BITS_PER_DOLLAR));
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

static tlm_currency *find_currency(tlm_donations *donations, const char *code)
{
    for (uint32_t i = 0; i < donations->currency_count; i++)
        if (!strcmp(donations->currencies[i].code, code))
            return &donations->currencies[i];
    if (donations->currency_count == TLM_CURRENCIES_MAX)
        return NULL;
    tlm_currency *added = &donations->currencies[donations->currency_count++];
    *added = (tlm_currency){
        .typical = sqrt(prior_of(code)),
        .minutes = {.level = tlm_baseline_scale(USUAL_PRIOR), .variance = 1, .count = USUAL_PRIOR_WEIGHT}};
    memcpy(added->code, code, sizeof added->code);
    return added;
}

/* What a minute with money brings; above 0 for a currency that is judged. */
static double typical_of(const tlm_currency *currency)
{
    double typical = currency->typical * currency->typical, least = prior_of(currency->code);
    return typical > least ? typical : least;
}

static uint16_t one_more(uint16_t count)
{
    return count < UINT16_MAX ? (uint16_t)(count + 1) : count;
}

static void learn_typical(tlm_currency *currency, double amount)
{
    double weight = prior_of(currency->code) > 0 ? TYPICAL_PRIOR_WEIGHT : 0;
    double root = sqrt(amount), most = TYPICAL_CLIP * currency->typical;
    currency->paid = one_more(currency->paid);
    double gain = 1 / (currency->paid + weight);
    root = currency->typical > 0 && root > most ? most : root;
    currency->typical += (gain > TYPICAL_GAIN ? gain : TYPICAL_GAIN) * (root - currency->typical);
}

static void learn_currency(tlm_currency *currency, double amount)
{
    if (amount > 0)
        learn_typical(currency, amount);
    double typical = typical_of(currency);
    tlm_baseline_learn(&currency->minutes, &money_tuning, tlm_baseline_scale(typical > 0 ? amount / typical : 0), 1);
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
    for (uint32_t i = 0; i < donations->currency_count; i++)
        learn_currency(&donations->currencies[i], amount_of(sums, donations->currencies[i].code));
}

/* A burst that lasts: what it brings is what is typical from now on. */
static void move_money(tlm_donations *donations, const money *sums)
{
    for (uint32_t i = 0; i < donations->currency_count; i++) {
        tlm_currency *currency = &donations->currencies[i];
        double amount = amount_of(sums, currency->code);
        if (amount >= LASTING_AMOUNTS * typical_of(currency))
            currency->typical = sqrt(amount);
    }
}

/* Learns the windows without a row, in which nothing was given, that end at multiples of the duration. */
static void pass_silence(tlm_judge *judge, tlm_donations *donations, const tlm_window_row *row, uint32_t slides)
{
    int64_t duration_ns = row->end_ns - row->start_ns, slide_ns = judge->settings->slide_ns;
    const money none = {0};
    if (slides >= judge->settings->merge_slides)
        tlm_episode_end(&donations->count.episode);
    if (donations->count.episode.direction)
        return;
    for (int64_t end_ns = row->end_ns - slides * slide_ns; end_ns < row->end_ns; end_ns += slide_ns)
        if (end_ns % duration_ns == 0) {
            tlm_baseline_learn(&donations->count.baseline, &tuning, tlm_baseline_scale(0), 1);
            learn_money(donations, &none);
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
    double count = (double)row->transactions;
    *ret_finding = (finding){.value = count, .exact = tlm_moment_whole(row->transactions)};
    if (baseline->count == 0)
        return;
    double forecast = tlm_baseline_forecast(baseline);
    ret_finding->expected = tlm_baseline_count(forecast);
    ret_finding->z = (tlm_baseline_scale(count) - forecast) / tlm_baseline_spread(baseline, &tuning);
    ret_finding->is_worth_it = row->transactions >= judge->settings->min_transactions &&
                               count >= RATIO_MIN * ret_finding->expected &&
                               ret_finding->z >= judge->settings->threshold;
}

static void judge_money(const tlm_judge *judge, tlm_donations *donations, const money *sums, tlm_wide bits,
                        finding *best)
{
    for (uint32_t i = 0; i < sums->count; i++) {
        const tlm_currency *currency = find_currency(donations, sums->sums[i].code);
        if (!currency || (currency->paid < PAID_MIN && prior_of(currency->code) <= 0))
            continue;
        double typical = typical_of(currency);
        double forecast = tlm_baseline_forecast(&currency->minutes);
        finding found = {.value = (double)sums->sums[i].units / UNITS,
                         .expected = tlm_baseline_count(forecast) * typical};
        found.z = (tlm_baseline_scale(found.value / typical) - forecast) /
                  tlm_baseline_spread(&currency->minutes, &money_tuning);
        found.is_worth_it = found.z >= judge->settings->threshold;
        found.is_bits =
            !strcmp(currency->code, BITS_CURRENCY) && sums->sums[i].units == bits * (UNITS / BITS_PER_DOLLAR);
        memcpy(found.code, currency->code, sizeof found.code);
        found.exact = found.is_bits ? bits * 10000 : tlm_decimal_divide_half_even(sums->sums[i].units, UNITS / 10000);
        take_if_more(best, &found);
    }
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

static void write_money_sentence(const finding *found, double typical, const char *span,
                                 char out[static TLM_SENTENCE_SIZE])
{
    char amount[TLM_WORDS_SIZE], usual[TLM_WORDS_SIZE], times[TLM_WORDS_SIZE];
    double unit = found->is_bits ? BITS_PER_DOLLAR : 1;
    unsigned decimals = found->is_bits ? 0 : 2;
    (void)snprintf(out, TLM_SENTENCE_SIZE,
                   "%s %s came in %s, about %s times the %s that a minute with money usually brings.",
                   tlm_words_amount(found->value * unit, decimals, amount), found->is_bits ? "bits" : found->code, span,
                   tlm_words_times(found->value / typical, times), tlm_words_amount(typical * unit, decimals, usual));
}

static void write_metadata(tlm_judge *judge, const tlm_window_row *row, const finding *found)
{
    tlm_json_writer json;
    tlm_judge_begin_metadata(judge, &json, row->end_ns - row->start_ns);
    if (found->code[0] && !found->is_bits) {
        TLM_JSON_KEY(&json, "currency");
        tlm_json_string(&json, found->code, 3);
    }
    TLM_JSON_KEY(&json, "transaction_count");
    tlm_json_int(&json, row->transactions);
    TLM_JSON_KEY(&json, "bits");
    tlm_judge_number(&json, (double)row->bits, 0);
    TLM_JSON_KEY(&json, "amounts");
    tlm_json_raw(&json, row->amounts.data, row->amounts.size);
    tlm_judge_end_metadata(&json);
}

static int emit(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, const finding *found)
{
    char sentence[TLM_SENTENCE_SIZE], span[TLM_WORDS_SIZE];
    double unit = found->is_bits ? BITS_PER_DOLLAR : 1;
    tlm_words_span(row->end_ns - row->start_ns, span);
    if (found->code[0])
        write_money_sentence(found, typical_of(find_currency(&stream->donations, found->code)), span, sentence);
    else
        write_count_sentence(found, span, sentence);
    write_metadata(judge, row, found);
    tlm_moment moment = {.kind = TLM_MOMENT_DONATION_BURST,
                         .metric_name = !found->code[0]  ? "transaction_count"
                                        : found->is_bits ? "bits"
                                                         : "amount",
                         .value = found->exact,
                         .expected = tlm_moment_units(found->expected * unit, TLM_MOMENT_SCALE),
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
    judge_money(judge, donations, &sums, row->bits, &best);
    bool learns = row->end_ns % (row->end_ns - row->start_ns) == 0;
    bool may_raise = best.is_worth_it && (judge->settings->kinds & 1u << TLM_MOMENT_DONATION_BURST) &&
                     row->end_ns - stream->first_ns >= judge->settings->warm_up_ns;
    tlm_reading reading = tlm_judge_reading(judge, row, slides, best.z, may_raise);
    int what = tlm_judge_take(judge, track, &tuning, &reading, tlm_baseline_scale((double)row->transactions), false);
    if (what == TLM_EPISODE_LASTED)
        move_money(donations, &sums);
    else if (learns && !track->episode.direction) {
        tlm_baseline_learn(&track->baseline, &tuning, tlm_baseline_scale((double)row->transactions), 1);
        learn_money(donations, &sums);
    }
    return tlm_judge_is_news(what) ? emit(judge, stream, row, &best) : 0;
}
