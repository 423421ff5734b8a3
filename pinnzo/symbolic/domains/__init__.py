"""Where a problem is posed: boxes, balls, shells, simplices, unbounded Gaussian domains, differences and products."""

from pinnzo.symbolic.domains.ball import Ball as Ball
from pinnzo.symbolic.domains.base import Domain as Domain
from pinnzo.symbolic.domains.box import Box as Box
from pinnzo.symbolic.domains.difference import Difference as Difference
from pinnzo.symbolic.domains.edge import Edge as Edge
from pinnzo.symbolic.domains.gaussian import Gaussian as Gaussian
from pinnzo.symbolic.domains.product import Product as Product
from pinnzo.symbolic.domains.shell import Shell as Shell
from pinnzo.symbolic.domains.simplex import Simplex as Simplex
