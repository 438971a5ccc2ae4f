#include "common/time.h"

#include <errno.h>
#include <stdbool.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)

enum {
    DATE_TIME_SIZE = 19, /* YYYY-MM-DDThh:mm:ss */
    FRACTION_DIGITS = 9,
    OFFSET_SIZE = 6, /* +hh:mm */
};

typedef struct {
    int64_t year, month, day, hour, minute, second;
    int64_t nanosecond;
    int64_t offset_s; /* east of UTC */
} civil_time;

/* Days since 1970-01-01; Hinnant's days_from_civil, whose years begin in March. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

/* The inverse; Hinnant's civil_from_days. */
static void civil_from_days(int64_t days, civil_time *ret_civil)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    ret_civil->day = day_of_year - (153 * month + 2) / 5 + 1;
    ret_civil->month = month < 10 ? month + 3 : month - 9;
    ret_civil->year = year_of_era + era * 400 + (ret_civil->month <= 2);
}

/* Adds `count` digits to *value; false when one of the bytes is none. */
static bool read_digits(const char *text, size_t count, int64_t *value)
{
    unsigned largest = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        largest = digit > largest ? digit : largest;
        *value = *value * 10 + (int64_t)(digit & 15);
    }
    return largest <= 9;
}

static bool read_date_time(const char *text, civil_time *time)
{
    bool separated = text[4] == '-' && text[7] == '-' && (text[10] | 32) == 't' && text[13] == ':' && text[16] == ':';

    return separated && read_digits(text, 4, &time->year) && read_digits(text + 5, 2, &time->month) &&
           read_digits(text + 8, 2, &time->day) && read_digits(text + 11, 2, &time->hour) &&
           read_digits(text + 14, 2, &time->minute) && read_digits(text + 17, 2, &time->second);
}

/* Reads `.f` if there is one; what it took is added to *at. False for a point without digits or with too many. */
static bool read_fraction(const char *text, size_t size, size_t *at, civil_time *time)
{
    if (*at == size || text[*at] != '.')
        return true;

    size_t first = ++*at;
    int64_t value = 0;
    while (*at < size && read_digits(text + *at, 1, &value)) {
        if (++*at - first > FRACTION_DIGITS)
            return false;
        time->nanosecond = value;
    }
    for (size_t digits = *at - first; digits < FRACTION_DIGITS; digits++)
        time->nanosecond *= 10;
    return *at > first;
}

static bool read_offset(const char *text, size_t size, civil_time *time)
{
    int64_t hours = 0;
    int64_t minutes = 0;

    if (size == 1)
        return (text[0] | 32) == 'z';
    if (size != OFFSET_SIZE || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return false;
    if (!read_digits(text + 1, 2, &hours) || !read_digits(text + 4, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    time->offset_s = (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool is_calendar(const civil_time *time)
{
    return time->month >= 1 && time->month <= 12 && time->day >= 1 &&
           time->day <= days_in_month(time->year, time->month) && time->hour <= 23 && time->minute <= 59 &&
           time->second <= 60;
}

static int instant_of(const civil_time *time, int64_t *ret_ns)
{
    int64_t seconds = days_from_civil(time->year, time->month, time->day) * S_PER_DAY + time->hour * 3600 +
                      time->minute * 60 + time->second - time->offset_s;

    /* Second 60 has been counted as the next second, so a leap second in UTC is a midnight now. */
    if (time->second == 60 && seconds % S_PER_DAY != 0)
        return -EINVAL;
    if (seconds < TLM_TIME_MIN_NS / NS_PER_S || seconds >= TLM_TIME_END_NS / NS_PER_S)
        return -ERANGE;
    *ret_ns = seconds * NS_PER_S + time->nanosecond;
    return 0;
}

int tlm_time_parse(const char *text, size_t size, int64_t *ret_ns)
{
    civil_time time = {0};
    size_t at = DATE_TIME_SIZE;

    if (size <= DATE_TIME_SIZE || !read_date_time(text, &time) || !read_fraction(text, size, &at, &time) ||
        !read_offset(text + at, size - at, &time) || !is_calendar(&time))
        return -EINVAL;
    return instant_of(&time, ret_ns);
}

int tlm_time_from_ms(int64_t ms, int64_t *ret_ns)
{
    if (ms < TLM_TIME_MIN_NS / NS_PER_MS || ms >= TLM_TIME_END_NS / NS_PER_MS)
        return -ERANGE;
    *ret_ns = ms * NS_PER_MS;
    return 0;
}

/* Writes `value` as exactly `count` digits and the byte `after`; returns the place behind. */
static char *write_digits(char *at, int64_t value, int count, char after)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[count] = after;
    return at + count + 1;
}

static char *write_fraction(char *at, int64_t nanosecond)
{
    if (nanosecond % 1000 != 0)
        return write_digits(at, nanosecond, 9, 'Z');
    if (nanosecond % 1000000 != 0)
        return write_digits(at, nanosecond / 1000, 6, 'Z');
    return write_digits(at, nanosecond / 1000000, 3, 'Z');
}

size_t tlm_time_format(int64_t ns, char out[static TLM_TIME_SIZE])
{
    int64_t nanosecond = (ns % NS_PER_S + NS_PER_S) % NS_PER_S;
    int64_t seconds = ns / NS_PER_S - (ns % NS_PER_S < 0);
    int64_t second_of_day = (seconds % S_PER_DAY + S_PER_DAY) % S_PER_DAY;
    civil_time time;

    civil_from_days((seconds - second_of_day) / S_PER_DAY, &time);
    char *at = write_digits(out, time.year, 4, '-');
    at = write_digits(at, time.month, 2, '-');
    at = write_digits(at, time.day, 2, 'T');
    at = write_digits(at, second_of_day / 3600, 2, ':');
    at = write_digits(at, second_of_day / 60 % 60, 2, ':');
    at = write_digits(at, second_of_day % 60, 2, nanosecond ? '.' : 'Z');
    if (nanosecond)
        at = write_fraction(at, nanosecond);
    *at = '\0';
    return (size_t)(at - out);
}
