# SPDX-License-Identifier: MIT
"""Threads, locks, queues, timers and signals of CPython."""

import concurrent.futures
import os
import queue
import random
import signal
import threading
import time
import unittest


class Threads(unittest.TestCase):
    """Each test joins all threads that it starts."""

    def test_hundred_threads_share_a_counter_under_a_lock(self):
        lock, total = threading.Lock(), [0]

        def add():
            for _ in range(200):
                with lock:
                    total[0] += 1

        threads = [threading.Thread(target=add) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(total, [20000])

    def test_queue_between_producers_and_consumers(self):
        todo, done = queue.Queue(8), queue.Queue()

        def consume():
            while (n := todo.get()) is not None:
                done.put(n * n)

        consumers = [threading.Thread(target=consume) for _ in range(4)]
        for consumer in consumers:
            consumer.start()
        for n in range(1000):
            todo.put(n)
        for _ in consumers:
            todo.put(None)
        for consumer in consumers:
            consumer.join()
        self.assertEqual(sum(done.get() for _ in range(1000)), sum(n * n for n in range(1000)))

    def test_condition_barrier_event_and_semaphore(self):
        barrier, event = threading.Barrier(5), threading.Event()
        semaphore, order = threading.Semaphore(0), []

        def wait(n):
            barrier.wait(10)
            event.wait(10)
            order.append(n)
            semaphore.release()

        threads = [threading.Thread(target=wait, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        barrier.wait(10)
        self.assertEqual(order, [])
        event.set()
        for thread in threads:
            self.assertTrue(semaphore.acquire(timeout=10))
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(order), [0, 1, 2, 3])

    def test_timed_waits_end_on_time(self):
        for wait in (threading.Event().wait, threading.Semaphore(0).acquire):
            started = time.monotonic()
            self.assertFalse(wait(timeout=0.05))
            self.assertGreaterEqual(time.monotonic() - started, 0.05)
        lock = threading.Lock()
        lock.acquire()
        self.assertFalse(lock.acquire(timeout=0.01))

    def test_executor_computes_in_parallel(self):
        def digest(seed):
            return sum(random.Random(seed).random() for _ in range(1000))

        with concurrent.futures.ThreadPoolExecutor(8) as executor:
            self.assertEqual(list(executor.map(digest, range(50))), [digest(n) for n in range(50)])

    def test_thread_locals_and_names_are_per_thread(self):
        local, seen = threading.local(), []

        def use():
            local.value = threading.current_thread().name
            time.sleep(0.001)
            seen.append(local.value == threading.current_thread().name)

        threads = [threading.Thread(target=use) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, [True] * 20)
        self.assertNotIn('value', vars(local))

    def test_native_ids_differ_and_the_first_is_the_pid(self):
        ids = []
        thread = threading.Thread(target=lambda: ids.append(threading.get_native_id()))
        thread.start()
        thread.join()
        self.assertNotEqual(ids[0], os.getpid())
        self.assertEqual(threading.get_native_id(), os.getpid())


class Signals(unittest.TestCase):
    """Python runs handlers in its first thread."""

    def test_itimer_interrupts_a_loop_and_a_sleep(self):
        ticks = []
        old = signal.signal(signal.SIGALRM, lambda *_: ticks.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        deadline = time.monotonic() + 10
        while len(ticks) < 3 and time.monotonic() < deadline:
            pass
        time.sleep(0.1)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        self.assertGreater(len(ticks), 5)

    def test_pthread_kill_sigwait_and_mask(self):
        got, ready = [], threading.Event()

        def wait():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
            ready.set()
            got.append(signal.sigwait({signal.SIGUSR1}))

        thread = threading.Thread(target=wait)
        thread.start()
        ready.wait(10)
        signal.pthread_kill(thread.ident, signal.SIGUSR1)
        thread.join()
        self.assertEqual(got, [signal.SIGUSR1])

    def test_exception_from_a_handler_ends_a_wait(self):
        def handler(*_):
            raise KeyboardInterrupt

        old = signal.signal(signal.SIGINT, handler)
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            time.sleep(30)
        timer.join()
        signal.signal(signal.SIGINT, old)


if __name__ == '__main__':
    unittest.main()
