/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"

#include "window/roster.h"

#include <stdlib.h>

#define SLIDE INT64_C(10000000000)
#define PANES 64
#define USERS 3000

/* Panes from one window before 1970 on, and which users each has had. */
typedef struct {
    tlm_geometry geometry;
    tlm_pane panes[PANES];
    unsigned char has[PANES][USERS];
    int64_t first_ns;
    tlm_roster *roster;
    uint64_t random;
} model;

/* SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t next_random(model *of)
{
    uint64_t z = of->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* A uniform hash, as users have. */
static uint64_t hash_of(uint32_t user)
{
    model seed = {.random = user};
    return next_random(&seed) | 1;
}

static void begin(model *of, uint32_t window_panes, uint64_t seed)
{
    memset(of, 0, sizeof *of);
    of->geometry = (tlm_geometry){.duration_ns = window_panes * SLIDE, .slide_ns = SLIDE};
    of->random = seed;
}

static void end(model *of)
{
    tlm_roster_destroy(of->roster);
    for (int i = 0; i < PANES; i++)
        tlm_chatter_set_finish(&of->panes[i].chatters);
}

static int64_t start_of(const model *of, int pane)
{
    return of->first_ns + pane * SLIDE;
}

/* A chat event in a pane, as the lane takes it. */
static void chat(model *of, int pane, uint32_t user)
{
    of->has[pane][user] = 1;
    assert_true(tlm_chatter_set_add(&of->panes[pane].chatters, hash_of(user), 1) >= 0);
    assert_int_equal(tlm_roster_note(of->roster, &of->geometry, start_of(of, pane), hash_of(user)), 0);
}

static uint64_t distinct(const model *of, int first, int last)
{
    uint64_t count = 0;
    for (int user = 0; user < USERS; user++) {
        unsigned char any = 0;
        for (int pane = first < 0 ? 0 : first; pane <= last; pane++)
            any |= of->has[pane][user];
        count += any;
    }
    return count;
}

/* Closes the window whose last pane is `last` and compares; 1 when the roster was in charge. */
static int close_window(model *of, int last)
{
    tlm_pane_ref refs[PANES];
    uint32_t count = 0;
    int window_panes = (int)(of->geometry.duration_ns / SLIDE);
    int first = last - window_panes + 1;
    for (int pane = first < 0 ? 0 : first; pane <= last; pane++)
        if (tlm_chatter_set_count(&of->panes[pane].chatters))
            refs[count++] = (tlm_pane_ref){.start_ns = start_of(of, pane), .pane = &of->panes[pane]};
    uint64_t counted;
    int result = tlm_roster_count(&of->roster, &of->geometry, refs, count, start_of(of, last) + SLIDE, &counted);
    assert_true(result >= 0);
    assert_int_equal(result, of->roster != NULL);
    if (result)
        assert_int_equal(counted, distinct(of, first, last));
    return result;
}

/* Chat in a pane and some late chat in the ones before it, then the window is closed. */
static int play(model *of, int pane, uint32_t messages)
{
    int window_panes = (int)(of->geometry.duration_ns / SLIDE);
    for (uint32_t i = 0; i < messages; i++) {
        int back = next_random(of) % 8 ? 0 : (int)(next_random(of) % (uint64_t)window_panes);
        chat(of, pane > back ? pane - back : pane, (uint32_t)(next_random(of) % USERS));
    }
    return close_window(of, pane);
}

static void a_window_has_the_users_of_its_panes_late_ones_too(void **state)
{
    (void)state;
    static model of;
    for (uint32_t window_panes = 2; window_panes <= 12; window_panes += 5) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            begin(&of, window_panes, seed);
            int in_charge = 0;
            for (int pane = 0; pane < PANES; pane++)
                in_charge += play(&of, pane, 200 + (uint32_t)(next_random(&of) % 600));
            assert_true(in_charge > PANES / 2);
            end(&of);
        }
    }
}

static void gaps_shorter_and_longer_than_a_window_leave_nothing_behind(void **state)
{
    (void)state;
    static model of;
    begin(&of, 6, 7);
    for (int pane = 0; pane < PANES; pane += 1 + (int)(next_random(&of) % 9))
        (void)play(&of, pane, 700);
    end(&of);
}

static void it_comes_and_goes_with_the_number_of_chatters(void **state)
{
    (void)state;
    static model of;
    begin(&of, 6, 3);
    assert_int_equal(play(&of, 0, 50), 0);
    assert_null(of.roster);
    assert_int_equal(play(&of, 1, 1500), 1);
    assert_true(tlm_roster_size_bytes(of.roster) > 0);
    int is_over = 0;
    for (int pane = 2; pane < 20; pane++)
        is_over = !play(&of, pane, 10);
    assert_true(is_over);
    assert_null(of.roster);
    assert_int_equal(tlm_roster_size_bytes(of.roster), 0);
    end(&of);
}

static void windows_that_begin_before_1970_are_counted_too(void **state)
{
    (void)state;
    static model of;
    begin(&of, 6, 9);
    of.first_ns = 0;
    for (int pane = 0; pane < 12; pane++)
        (void)play(&of, pane, 700);
    end(&of);
}

static void a_pane_with_a_sketch_gives_it_up(void **state)
{
    (void)state;
    static model of;
    begin(&of, 6, 5);
    assert_int_equal(play(&of, 0, 1000), 1);
    tlm_sketch sketch = TLM_SKETCH_INIT;
    of.panes[0].sketch = &sketch;
    assert_int_equal(play(&of, 1, 1000), 0);
    assert_null(of.roster);
    end(&of);
}

static void without_overlap_there_is_none(void **state)
{
    (void)state;
    static model of;
    begin(&of, 1, 5);
    assert_int_equal(play(&of, 0, 2000), 0);
    assert_int_equal(tlm_roster_note(NULL, &of.geometry, 0, 1), 0);
    end(&of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_has_the_users_of_its_panes_late_ones_too),
        cmocka_unit_test(gaps_shorter_and_longer_than_a_window_leave_nothing_behind),
        cmocka_unit_test(it_comes_and_goes_with_the_number_of_chatters),
        cmocka_unit_test(windows_that_begin_before_1970_are_counted_too),
        cmocka_unit_test(a_pane_with_a_sketch_gives_it_up),
        cmocka_unit_test(without_overlap_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
