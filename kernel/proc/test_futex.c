/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "kernel/core/user.h"
#include "kernel/proc/futex_int.h"
#include "kernel/proc/test_world.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

enum { WAITERS = 4 };

static u32 word, word2;
static struct futex_waiter waiters[WAITERS];

static uptr at(u32 *p)
{
    return UPTR(p);
}

/* Threads that wait for the word to change, first to last. */
static void wait_all(struct process *p, u32 bitset)
{
    for (u32 i = 0; i < WAITERS; i++) {
        struct futex_waiter *w = &waiters[i];

        *w = (struct futex_waiter){
            .key = futex_key_of(p->leader, at(&word), FUTEX_PRIVATE),
            .bitset = bitset,
            .thread = world_thread(p),
        };
        list_init(&w->link);
        CHECK_EQ(futex_enlist(w, at(&word), word), 0);
    }
}

static u32 count_woken(void)
{
    u32 n = 0;

    for (u32 i = 0; i < WAITERS; i++)
        n += waiters[i].woken;
    return n;
}

static struct process *start(void)
{
    proc_world_start();
    word = word2 = 0;
    struct process *p = world_process(NULL);
    world_run(p->leader);
    return p;
}

TEST(a_futex_with_another_value_is_eagain)
{
    struct process *p = start();

    CHECK_EQ(futex_wait(p->leader, at(&word), FUTEX_PRIVATE, 1, ~0u, NO_DEADLINE), -EAGAIN);
    CHECK_EQ(futex_wait(p->leader, at(&word), FUTEX_PRIVATE, 0, 0, NO_DEADLINE), -EINVAL);
    CHECK_EQ(futex_wait(p->leader, UPTR((u8 *)&word + 1), FUTEX_PRIVATE, 0, ~0u, NO_DEADLINE),
             -EINVAL);
    CHECK_EQ(futex_wait(p->leader, UPTR(8), FUTEX_PRIVATE, 0, ~0u, NO_DEADLINE), -EFAULT);
    proc_world_stop();
}

TEST(a_futex_wait_ends_with_the_time_or_a_signal)
{
    struct process *p = start();

    CHECK_EQ(futex_wait(p->leader, at(&word), FUTEX_PRIVATE, 0, ~0u, 1), -ETIMEDOUT);
    CHECK_EQ(futex_wait(p->leader, at(&word), FUTEX_PRIVATE, 0, ~0u, NO_DEADLINE), -ERESTARTSYS);
    /* And nobody is left in the bucket. */
    CHECK_EQ(futex_wake(p->leader, at(&word), FUTEX_PRIVATE, 1, ~0u), 0);
    proc_world_stop();
}

TEST(a_wake_wakes_exactly_so_many_in_order)
{
    struct process *p = start();

    wait_all(p, ~0u);
    CHECK_EQ(futex_wake(p->leader, at(&word), FUTEX_PRIVATE, 2, ~0u), 2);
    CHECK(waiters[0].woken && waiters[1].woken);
    CHECK(!waiters[2].woken && !waiters[3].woken);
    CHECK_EQ(proc_world.unparks[waiters[0].thread->slot], 1);
    CHECK_EQ(futex_wake(p->leader, at(&word), FUTEX_PRIVATE, 100, ~0u), 2);
    CHECK_EQ(futex_wake(p->leader, at(&word), FUTEX_PRIVATE, 100, ~0u), 0);
    proc_world_stop();
}

TEST(a_wake_chooses_by_bits_and_by_kind)
{
    struct process *p = start();

    wait_all(p, 6);
    CHECK_EQ(futex_wake(p->leader, at(&word), FUTEX_PRIVATE, 100, 9), 0);
    CHECK_EQ(futex_wake(p->leader, at(&word2), FUTEX_PRIVATE, 100, ~0u), 0);
    CHECK_EQ(futex_wake(p->leader, at(&word), FUTEX_PRIVATE, 100, 2), WAITERS);
    proc_world_stop();
}

static u64 wakes_meanwhile;

/* Another thread wakes between the load and the enlisting, once: what user_load() stands for. */
static int wake_meanwhile(u64 addr, size_t len, enum user_access how)
{
    (void)len;
    (void)how;
    if (addr == (u64)&word && wakes_meanwhile) {
        wakes_meanwhile--;
        word = 1;
        (void)futex_wake(thread_self(), at(&word), FUTEX_PRIVATE, 1, ~0u);
        word = 0;                                /* the load sees the old value again       */
    }
    return 0;
}

TEST(a_wake_between_look_and_enlist_makes_the_waiter_look_again)
{
    struct process *p = start();
    struct futex_waiter w = {
        .key = futex_key_of(p->leader, at(&word), FUTEX_PRIVATE),
        .bitset = ~0u,
        .thread = p->leader,
    };
    struct futex_bucket *b = futex_bucket_of(&w.key);

    list_init(&w.link);
    user_ops.check = wake_meanwhile;
    wakes_meanwhile = 3;
    CHECK_EQ(futex_enlist(&w, at(&word), 0), 0);
    CHECK_EQ(wakes_meanwhile, 0);                /* it has looked four times                */
    CHECK_EQ(b->generation, 3);
    CHECK_EQ(b->count, 1);
    CHECK(!w.woken);
    CHECK(futex_delist(&w));
    CHECK_EQ(b->count, 0);
    proc_world_stop();
}

TEST(requeued_waiters_are_woken_at_the_other_word)
{
    struct process *p = start();
    struct futex_requeue r = {
        .from = at(&word),
        .to = at(&word2),
        .sharing = FUTEX_PRIVATE,
        .wake = 1,
        .move = 2,
        .compare = true,
        .expected = 5,
    };

    wait_all(p, ~0u);
    CHECK_EQ(futex_requeue(p->leader, &r), -EAGAIN);
    r.expected = 0;
    CHECK_EQ(futex_requeue(p->leader, &r), 3);
    CHECK_EQ(count_woken(), 1);
    CHECK_EQ(futex_wake(p->leader, at(&word2), FUTEX_PRIVATE, 100, ~0u), 2);
    CHECK_EQ(futex_wake(p->leader, at(&word), FUTEX_PRIVATE, 100, ~0u), 1);
    CHECK_EQ(count_woken(), WAITERS);
    proc_world_stop();
}

TEST(a_requeued_waiter_can_leave)
{
    struct process *p = start();
    struct futex_requeue r = {
        .from = at(&word),
        .to = at(&word2),
        .sharing = FUTEX_PRIVATE,
        .move = WAITERS,
    };

    wait_all(p, ~0u);
    CHECK_EQ(futex_requeue(p->leader, &r), WAITERS);
    for (u32 i = 0; i < WAITERS; i++)
        CHECK(futex_delist(&waiters[i]));
    CHECK(!futex_delist(&waiters[0]));
    CHECK_EQ(futex_wake(p->leader, at(&word2), FUTEX_PRIVATE, 100, ~0u), 0);
    proc_world_stop();
}

TEST(wake_op_wakes_the_second_word_only_if_it_was_so)
{
    struct process *p = start();
    u32 add_one_if_zero = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0);

    wait_all(p, ~0u);
    CHECK_EQ(futex_wake_op(p->leader, at(&word2), at(&word), FUTEX_PRIVATE, 1, 1, add_one_if_zero),
             1);
    CHECK_EQ(word, 1);
    CHECK_EQ(futex_wake_op(p->leader, at(&word2), at(&word), FUTEX_PRIVATE, 1, 1, add_one_if_zero),
             0);
    CHECK_EQ(word, 2);
    CHECK_EQ(futex_wake(p->leader, at(&word), FUTEX_PRIVATE, 100, ~0u), WAITERS - 1);
    proc_world_stop();
}

TEST(a_pi_lock_is_handed_to_the_first_in_line)
{
    struct process *p = start();
    struct thread *other = world_thread(p);
    struct pi_waiter first = {
        .key = futex_key_of(other, at(&word), FUTEX_PRIVATE),
        .addr = at(&word),
        .thread = other,
        .tid = other->tid,
    };

    list_init(&first.link);
    CHECK_EQ(futex_lock_pi(p->leader, at(&word), FUTEX_PRIVATE, FUTEX_LOCK_WAIT, NO_DEADLINE), 0);
    CHECK_EQ(word, (u32)p->leader->tid);
    CHECK_EQ(futex_lock_pi(p->leader, at(&word), FUTEX_PRIVATE, FUTEX_LOCK_TRY, NO_DEADLINE),
             -EDEADLK);

    mutex_lock(&pi_lock);
    CHECK_EQ(pi_take_locked(&first), -EAGAIN);
    mutex_unlock(&pi_lock);
    CHECK_EQ(word, (u32)p->leader->tid | FUTEX_WAITERS);

    CHECK_EQ(futex_unlock_pi(p->leader, at(&word), FUTEX_PRIVATE), 0);
    CHECK(first.handed);
    CHECK_EQ(word & FUTEX_TID_MASK, (u32)other->tid);
    CHECK_EQ(proc_world.unparks[other->slot], 1);
    CHECK_EQ(futex_unlock_pi(p->leader, at(&word), FUTEX_PRIVATE), -EPERM);
    proc_world_stop();
}

TEST(a_pi_lock_whose_owner_ends_goes_on_and_tells)
{
    struct process *p = start();
    struct thread *other = world_thread(p);
    struct pi_waiter w = {
        .key = futex_key_of(other, at(&word), FUTEX_PRIVATE),
        .addr = at(&word),
        .thread = other,
        .tid = other->tid,
    };

    list_init(&w.link);
    word = (u32)p->leader->tid;
    mutex_lock(&pi_lock);
    CHECK_EQ(pi_take_locked(&w), -EAGAIN);
    mutex_unlock(&pi_lock);
    pi_thread_exit(p->leader);
    CHECK(w.handed);
    CHECK_EQ(word & (FUTEX_TID_MASK | FUTEX_OWNER_DIED), (u32)other->tid | FUTEX_OWNER_DIED);
    word = 4000;                                 /* nobody's id                             */
    CHECK_EQ(futex_lock_pi(p->leader, at(&word), FUTEX_PRIVATE, FUTEX_LOCK_TRY, NO_DEADLINE),
             -ESRCH);
    proc_world_stop();
}

TEST(robust_locks_of_a_thread_that_ends_are_marked)
{
    struct process *p = start();
    struct {
        struct robust_list_head head;
        struct {
            struct robust_list list;
            u32 lock;
        } entry[2];
    } user = {
        .head = { .list = { &user.entry[0].list }, .futex_offset = sizeof(struct robust_list) },
        .entry = { { { &user.entry[1].list }, 0 }, { { &user.head.list }, 0 } },
    };

    user.entry[0].lock = (u32)p->leader->tid | FUTEX_WAITERS;
    user.entry[1].lock = 4000;                   /* somebody else's                         */
    p->leader->priv->robust_list = UPTR(&user.head);
    futex_thread_exit(p->leader);
    CHECK_EQ(user.entry[0].lock, FUTEX_WAITERS | FUTEX_OWNER_DIED);
    CHECK_EQ(user.entry[1].lock, 4000);

    /* A list that goes round for ever ends all the same. */
    user.entry[1].list.next = &user.entry[0].list;
    p->leader->priv->robust_list = UPTR(&user.head);
    futex_thread_exit(p->leader);
    proc_world_stop();
}
