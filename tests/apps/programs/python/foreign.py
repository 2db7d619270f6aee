# SPDX-License-Identifier: MIT
"""ctypes: calls into C, and from C back into Python through code made at run time; mmap; faults."""

import ctypes
import ctypes.util
import faulthandler
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import unittest

libc = ctypes.CDLL('libc.so.6', use_errno=True)


class Point(ctypes.Structure):
    """Passed by value below."""
    _fields_ = [('x', ctypes.c_int), ('y', ctypes.c_double)]


class Ctypes(unittest.TestCase):
    """The library's own interfaces, without a compiler."""

    def test_call_with_strings_and_errno(self):
        self.assertEqual(libc.strlen(b'twelve bytes'), 12)
        self.assertEqual(libc.open(b'/nonexistent', os.O_RDONLY), -1)
        self.assertEqual(os.strerror(ctypes.get_errno()), 'No such file or directory')

    def test_callback_from_qsort(self):
        numbers = (ctypes.c_int * 1000)(*(n * 7919 % 1000 for n in range(1000)))
        pointer = ctypes.POINTER(ctypes.c_int)
        compare = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer)(lambda a, b: a[0] - b[0])
        libc.qsort(numbers, len(numbers), ctypes.sizeof(ctypes.c_int), compare)
        self.assertEqual(list(numbers), list(range(1000)))

    def test_floating_point_and_library_lookup(self):
        libm = ctypes.CDLL('libm.so.6')
        libm.pow.restype = ctypes.c_double
        libm.pow.argtypes = [ctypes.c_double, ctypes.c_double]
        self.assertEqual(libm.pow(2.0, 0.5), 2.0 ** 0.5)

    def test_structure_through_a_callback(self):
        kind = ctypes.CFUNCTYPE(ctypes.c_double, Point)
        self.assertEqual(kind(lambda p: p.x * p.y)(Point(3, 1.5)), 4.5)

    def test_bare_system_call(self):
        self.assertEqual(libc.syscall(39), os.getpid())

    def test_machine_code_in_fresh_pages(self):
        # mov eax, 42; ret: first written, then made executable.
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(b'\xb8\x2a\x00\x00\x00\xc3')
        view = ctypes.c_char.from_buffer(code)
        self.assertEqual(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(view))(), 42)
        # mov eax, 39 (getpid); syscall; ret: an instruction that appears at run time.
        code.seek(64)
        code.write(b'\xb8\x27\x00\x00\x00\x0f\x05\xc3')
        late = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(view) + 64)
        self.assertEqual([late(), late()], [os.getpid()] * 2)
        del view


class Memory(unittest.TestCase):
    """Mappings as Python sees them."""

    def test_shared_mapping_of_a_file(self):
        with tempfile.TemporaryFile() as file:
            file.truncate(100000)
            with mmap.mmap(file.fileno(), 0) as one, mmap.mmap(file.fileno(), 0) as two:
                one[50000:50005] = b'hello'
                self.assertEqual(two[50000:50005], b'hello')
                self.assertEqual(os.pread(file.fileno(), 5, 50000), b'hello')
                os.pwrite(file.fileno(), b'world', 50000)
                self.assertEqual(one[50000:50005], b'world')
                one.resize(200000)
                self.assertEqual((len(one), os.fstat(file.fileno()).st_size), (200000, 200000))

    def test_private_mapping_leaves_the_file(self):
        with tempfile.TemporaryFile() as file:
            file.write(b'original')
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapping:
                mapping[:8] = b'changed!'
                self.assertEqual(os.pread(file.fileno(), 8, 0), b'original')

    def test_fault_kills_a_child_with_a_traceback(self):
        done = subprocess.run([sys.executable, '-X', 'faulthandler', '-c',
                               'import ctypes; ctypes.string_at(16)'], capture_output=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, -signal.SIGSEGV)
        self.assertIn(b'Fatal Python error: Segmentation fault', done.stderr)
        self.assertIn(b'string_at', done.stderr)

    def test_faulthandler_is_there(self):
        self.assertFalse(faulthandler.is_enabled())


if __name__ == '__main__':
    unittest.main()
