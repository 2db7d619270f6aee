# SPDX-License-Identifier: MIT
"""asyncio: a server and its clients in one loop, UNIX sockets, datagrams, pipes, children."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import unittest


async def echo(reader, writer):
    """Answer each line in upper case until the client closes."""
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def talk(reader, writer, count):
    """Send lines and check the answers."""
    for n in range(count):
        writer.write(f'line {n}\n'.encode())
        assert await reader.readline() == f'LINE {n}\n'.encode()
    writer.close()
    await writer.wait_closed()


class Loop(unittest.IsolatedAsyncioTestCase):
    """Every test runs in a new event loop, on epoll."""

    async def test_tcp_server_with_fifty_clients(self):
        server = await asyncio.start_server(echo, '127.0.0.1', 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            connections = [await asyncio.open_connection('127.0.0.1', port) for _ in range(50)]
            await asyncio.gather(*(talk(*pair, 20) for pair in connections))

    async def test_unix_server(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 'socket')
            server = await asyncio.start_unix_server(echo, path)
            async with server:
                await asyncio.gather(*[talk(*await asyncio.open_unix_connection(path), 50)
                                       for _ in range(5)])

    async def test_megabytes_through_one_connection_with_flow_control(self):
        size = 8 << 20

        async def drain(reader, writer):
            total = 0
            while data := await reader.read(1 << 16):
                total += len(data)
            writer.write(str(total).encode())
            writer.close()

        server = await asyncio.start_server(drain, '127.0.0.1', 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for _ in range(size >> 16):
                writer.write(bytes(1 << 16))
                await writer.drain()
            writer.write_eof()
            self.assertEqual(int(await reader.read()), size)
            writer.close()

    async def test_datagrams(self):
        loop = asyncio.get_running_loop()
        received = asyncio.Queue()

        class Receiver(asyncio.DatagramProtocol):
            """Collects what comes."""
            def datagram_received(self, data, addr):
                received.put_nowait((data, addr))

        one, _ = await loop.create_datagram_endpoint(Receiver, local_addr=('127.0.0.1', 0))
        two, _ = await loop.create_datagram_endpoint(Receiver, local_addr=('127.0.0.1', 0))
        two.sendto(b'datagram', one.get_extra_info('sockname'))
        data, addr = await asyncio.wait_for(received.get(), 10)
        self.assertEqual((data, addr), (b'datagram', two.get_extra_info('sockname')))
        one.close()
        two.close()

    async def test_thousand_tasks_and_timeouts(self):
        async def nap(n):
            await asyncio.sleep(n % 10 / 1000)
            return n

        self.assertEqual(sum(await asyncio.gather(*map(nap, range(1000)))), 499500)
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.02)

    async def test_signal_handler_wakes_the_loop(self):
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, came.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(came.wait(), 10)
        loop.remove_signal_handler(signal.SIGUSR1)

    async def test_work_in_threads(self):
        results = await asyncio.gather(*(asyncio.to_thread(pow, 3, n, 1000) for n in range(40)))
        self.assertEqual(results, [pow(3, n, 1000) for n in range(40)])

    async def test_child_with_pipes(self):
        child = await asyncio.create_subprocess_exec(
            sys.executable, '-c', 'import sys; print(sys.stdin.read()[::-1]); sys.exit(3)',
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        output, _ = await child.communicate(b'reverse')
        self.assertEqual((output, child.returncode), (b'esrever\n', 3))

    async def test_names_resolve_in_a_thread(self):
        found = await asyncio.get_running_loop().getaddrinfo('localhost', 80, family=socket.AF_INET)
        self.assertEqual(found[0][4], ('127.0.0.1', 80))


if __name__ == '__main__':
    unittest.main()
