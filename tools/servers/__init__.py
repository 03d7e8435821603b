# SPDX-License-Identifier: Apache-2.0
"""Private RabbitMQ, PostgreSQL, MariaDB and Keystone servers for tests and benchmarks.

Each is a context manager: inside it runs on free ports of the loopback, with
a data directory of its own; afterwards nothing of it is left on the machine.
"""

from tools.servers.database import Database
from tools.servers.keystone import Keystone
from tools.servers.mariadb import MariaDB
from tools.servers.postgresql import PostgreSQL
from tools.servers.process import ServerFailed
from tools.servers.rabbitmq import RabbitMQ
from tools.servers.server import Availability, Server

__all__ = ["Availability", "Database", "Keystone", "MariaDB", "PostgreSQL", "RabbitMQ", "Server", "ServerFailed"]
