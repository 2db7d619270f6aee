# SPDX-License-Identifier: MIT
"""Interactive Python under a pseudo-terminal, as at a keyboard."""

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from harness import Failed, case, expect
from cases.python import INTERPRETER, python_root

PROMPT = '>>> '


def set_size(terminal, rows, columns):
    """Set the size of a terminal's window, in characters."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


class Terminal:
    """The user's side of a pseudo-terminal with a program on the other."""

    def __init__(self, machine, command, rows, columns):
        self.machine = machine
        self.text = ''
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            set_size(0, rows, columns)
            os.execv(command[0], command)

    def resize(self, rows, columns):
        """Another size of the window; the kernel sends SIGWINCH."""
        set_size(self.master, rows, columns)

    def type(self, text):
        """Press keys."""
        os.write(self.master, text.encode())

    def wait_for(self, wanted, timeout=30):
        """Read until the wanted text has come, and return what came with it."""
        deadline = time.monotonic() + timeout
        while wanted not in self.text:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise Failed(f'no {wanted!r} on the terminal, but {self.text[-200:]!r}')
            try:
                data = os.read(self.master, 4096)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                raise Failed(f'the program ended: {self.text[-200:]!r}') from error
            self.machine.log.write(data)
            self.text += data.decode(errors='replace')
        before, _, self.text = self.text.partition(wanted)
        return before + wanted

    def command(self, line, answer):
        """Type a line at the prompt and wait for its answer and the next prompt."""
        self.type(line + '\r')
        self.wait_for(answer)
        self.wait_for(PROMPT)

    def end(self, timeout=20):
        """Wait for the program to end.  Returns its status."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    os.read(self.master, 4096)
                except OSError:
                    time.sleep(0.01)             # the other side is closed; the status follows
        raise Failed('the program did not end')

    def close(self):
        """End the program if it still runs."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


@case('python-terminal', 'pty: prompt, line editing, Ctrl-C, window size and its change, getpass, Ctrl-D')
def python_terminal(machine):
    """What a user does in the first minute."""
    terminal = Terminal(machine, machine.command(python_root(), [INTERPRETER, '-q'], '256m'), 33, 101)
    try:
        terminal.wait_for(PROMPT)
        terminal.command('print(6 * 7, "answer")', '42 answer')
        terminal.command('import sys, os, time, signal, termios; sys.stdin.isatty(), os.isatty(1)',
                         '(True, True)')

        # Line editing: the third and fourth letter go by backspace, the line starts by Ctrl-A.
        terminal.command('"edXX\x7f\x7fited" \x01"begin " + ', "'begin edited'")

        # Ctrl-C ends a loop in user code, a sleep, and a half-written line.
        terminal.type('while True: pass\r\r')
        time.sleep(0.3)
        terminal.type('\x03')
        terminal.wait_for('KeyboardInterrupt')
        terminal.wait_for(PROMPT)
        terminal.type('time.sleep(60)\r')
        time.sleep(0.3)
        terminal.type('\x03')
        terminal.wait_for('KeyboardInterrupt')
        terminal.wait_for(PROMPT)
        terminal.type('half a line')
        terminal.wait_for('half a line')
        terminal.type('\x03')
        terminal.wait_for('KeyboardInterrupt')
        terminal.wait_for(PROMPT)

        terminal.command('os.get_terminal_size()', 'columns=101, lines=33')
        terminal.command('signal.signal(signal.SIGWINCH, lambda *a: print("resized")); "r" + "eady"',
                         'ready')
        terminal.resize(44, 120)
        terminal.command('time.sleep(0.2)', 'resized')
        terminal.command('os.get_terminal_size()', 'columns=120, lines=44')

        # Without echo a typed word does not appear.
        terminal.type('import getpass; print("length", len(getpass.getpass()))\r')
        terminal.wait_for('Password: ')
        time.sleep(0.3)
        terminal.type('secret\r')
        expect('secret' not in terminal.wait_for('length 6'), 'the hidden word was echoed')
        terminal.wait_for(PROMPT)

        terminal.type('\x04')
        status = terminal.end()
        expect(status == 0, f'status {status} after Ctrl-D')
    finally:
        terminal.close()
