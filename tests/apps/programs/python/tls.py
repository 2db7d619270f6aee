# SPDX-License-Identifier: MIT
"""ssl over sockets of the host: HTTPS to itself, a client certificate, a refused one."""

import hashlib
import http.client
import http.server
import socket
import ssl
import threading
import unittest
import urllib.request

CERTIFICATE, KEY = '/app/tls/certificate.pem', '/app/tls/key.pem'
BODY = bytes(range(256)) * 4096


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves BODY and the digest of what is posted."""

    def do_GET(self):
        self.reply(BODY)

    def do_POST(self):
        data = self.rfile.read(int(self.headers['Content-Length']))
        self.reply(hashlib.sha256(data).hexdigest().encode())

    def reply(self, body):
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Tls(unittest.TestCase):
    """One threaded HTTPS server for all tests."""

    @classmethod
    def setUpClass(cls):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        cls.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        cls.server.socket = context.wrap_socket(cls.server.socket, server_side=True)
        cls.port = cls.server.server_port
        cls.thread = threading.Thread(target=cls.server.serve_forever)
        cls.thread.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.thread.join()
        cls.server.server_close()

    def context(self):
        return ssl.create_default_context(cafile=CERTIFICATE)

    def test_get_a_megabyte(self):
        with urllib.request.urlopen(f'https://localhost:{self.port}/', context=self.context(),
                                    timeout=30) as reply:
            self.assertEqual(reply.read(), BODY)

    def test_post_from_many_threads(self):
        digests = []

        def post(n):
            connection = http.client.HTTPSConnection('localhost', self.port, timeout=30,
                                                     context=self.context())
            connection.request('POST', '/', bytes([n]) * 50000)
            digest = connection.getresponse().read().decode()
            digests.append(digest == hashlib.sha256(bytes([n]) * 50000).hexdigest())
            connection.close()

        threads = [threading.Thread(target=post, args=(n,)) for n in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(digests, [True] * 10)

    def test_version_and_cipher_are_modern(self):
        with socket.create_connection(('127.0.0.1', self.port), 30) as plain:
            with self.context().wrap_socket(plain, server_hostname='localhost') as secure:
                self.assertEqual(secure.version(), 'TLSv1.3')
                self.assertRegex(secure.cipher()[0], 'GCM|CHACHA20')
                self.assertEqual(secure.getpeercert()['subject'][0][0], ('commonName', 'localhost'))

    def test_unknown_issuer_is_refused(self):
        with socket.create_connection(('127.0.0.1', self.port), 30) as plain:
            with self.assertRaises(ssl.SSLCertVerificationError):
                ssl.create_default_context().wrap_socket(plain, server_hostname='localhost')

    def test_wrong_name_is_refused(self):
        with socket.create_connection(('127.0.0.1', self.port), 30) as plain:
            with self.assertRaises(ssl.SSLCertVerificationError):
                self.context().wrap_socket(plain, server_hostname='other.example')

    def test_random_numbers_differ(self):
        self.assertNotEqual(ssl.RAND_bytes(32), ssl.RAND_bytes(32))


if __name__ == '__main__':
    unittest.main()
