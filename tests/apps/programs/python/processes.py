# SPDX-License-Identifier: MIT
"""Children of Python: subprocess, and multiprocessing by spawn with all it shares."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import unittest
from multiprocessing import shared_memory


def square(n):
    """A task for the pool."""
    return n * n


def serve(connection, queue, value, lock):
    """A child that answers over a pipe, a queue and shared memory."""
    for _ in range(100):
        with lock:
            value.value += 1
    queue.put((os.getpid(), os.getppid()))
    connection.send(connection.recv()[::-1])
    connection.close()


def fill(name, byte):
    """A child that writes into a named block of shared memory."""
    block = shared_memory.SharedMemory(name)
    block.buf[:] = bytes([byte]) * len(block.buf)
    block.close()


def python(*argv, **options):
    """Run Python as a child."""
    return subprocess.run([sys.executable, *argv], capture_output=True, text=True, timeout=60,
                          check=False, **options)


class Subprocess(unittest.TestCase):
    """Children by vfork and exec."""

    def test_output_input_status_and_environment(self):
        done = python('-c', 'import os, sys; print(os.environ["A"] + input()); sys.exit(5)',
                      input='c', env={'A': 'ab'})
        self.assertEqual((done.stdout, done.returncode), ('abc\n', 5))

    def test_working_directory_and_new_session(self):
        done = python('-c', 'import os; print(os.getcwd(), os.getsid(0) == os.getpid())',
                      cwd='/usr', start_new_session=True)
        self.assertEqual(done.stdout, '/usr True\n')

    def test_kill_is_seen_as_a_negative_status(self):
        child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
        time.sleep(0.05)
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(30), -signal.SIGTERM)

    def test_missing_program_and_missing_directory(self):
        with self.assertRaises(FileNotFoundError):
            subprocess.run(['/nonexistent'], check=False)
        with self.assertRaises(FileNotFoundError):
            python('-V', cwd='/nonexistent')

    def test_large_output_and_pass_fds(self):
        reader, writer = os.pipe()
        done = python('-c', f'import os; os.write({writer}, b"x"); print("y" * 1000000)',
                      pass_fds=[writer])
        self.assertEqual((os.read(reader, 10), len(done.stdout)), (b'x', 1000001))
        os.close(reader)
        os.close(writer)

    def test_pipeline_of_two_children(self):
        one = subprocess.Popen([sys.executable, '-c', 'print("a" * 100000)'],
                               stdout=subprocess.PIPE)
        two = subprocess.run([sys.executable, '-c', 'import sys; print(len(sys.stdin.read()))'],
                             stdin=one.stdout, capture_output=True, check=True, timeout=60)
        one.stdout.close()
        self.assertEqual((two.stdout, one.wait(30)), (b'100001\n', 0))

    def test_posix_spawn_with_file_actions(self):
        reader, writer = os.pipe()
        pid = os.posix_spawn(sys.executable, [sys.executable, '-c', 'print("spawned")'], {},
                             file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
        os.close(writer)
        with os.fdopen(reader) as file:
            self.assertEqual(file.read(), 'spawned\n')
        self.assertEqual(os.waitpid(pid, 0), (pid, 0))


class Multiprocessing(unittest.TestCase):
    """The spawn method: a fresh interpreter for each process."""

    def setUp(self):
        self.context = multiprocessing.get_context('spawn')

    def test_process_with_pipe_queue_value_and_lock(self):
        ours, theirs = self.context.Pipe()
        queue, lock = self.context.Queue(), self.context.Lock()
        value = self.context.Value('i', 0)
        child = self.context.Process(target=serve, args=(theirs, queue, value, lock))
        child.start()
        ours.send('message')
        for _ in range(100):
            with lock:
                value.value += 1
        self.assertEqual(ours.recv(), 'egassem')
        self.assertEqual(queue.get(timeout=60), (child.pid, os.getpid()))
        child.join(60)
        self.assertEqual((child.exitcode, value.value), (0, 200))

    def test_pool(self):
        with self.context.Pool(2) as pool:
            self.assertEqual(pool.map(square, range(200)), [n * n for n in range(200)])

    def test_shared_memory(self):
        block = shared_memory.SharedMemory(create=True, size=100000)
        child = self.context.Process(target=fill, args=(block.name, 7))
        child.start()
        child.join(60)
        self.assertEqual(bytes(block.buf[:100000]), b'\x07' * 100000)
        block.close()
        block.unlink()

    def test_terminate(self):
        child = self.context.Process(target=time.sleep, args=(60,))
        child.start()
        child.terminate()
        child.join(60)
        self.assertEqual(child.exitcode, -signal.SIGTERM)


class Fork(unittest.TestCase):
    """Refused for now, and said so."""

    def test_fork_says_enosys(self):
        with self.assertRaises(OSError) as caught:
            os.fork()
        self.assertEqual(os.strerror(caught.exception.errno), 'Function not implemented')


if __name__ == '__main__':
    unittest.main()
