"""What is measured again and again in turn: for each case the contestants, in order."""

import dataclasses
from typing import Callable

from comparison import loads


@dataclasses.dataclass(frozen=True)
class Contestant:
    name: str     # unique within its case
    subject: str  # of Stage.subject
    load: Callable


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    contestants: tuple


def _bench(name, subject, *options):
    return Contestant(name, subject, lambda it, seconds: loads.kache_bench(it, seconds, *options))


def _redis_benchmark(name, subject, *arguments, **options):
    return Contestant(name, subject, lambda it, seconds: loads.redis_benchmark(
        it, seconds, *arguments, **options))


def _wrk(name, subject, *arguments):
    return Contestant(name, subject, lambda it, seconds: loads.wrk(it, seconds, *arguments))


_MGET = ["MGET"] + ["key:__rand_int__"] * 100
_UNARY = ("--mode", "unary", "--concurrency", 128)
_PIPELINE = ("--mode", "pipeline", "--workload", "get")

CASES = (
    Case("unary GET, 128 in flight", (
        _bench("echo", "echo", *_UNARY, "--workload", "get"),
        _bench("kache", "kache", *_UNARY, "--workload", "get"))),
    Case("unary PUT, 128 in flight", (
        _bench("echo", "echo", *_UNARY, "--workload", "put"),
        _bench("kache", "kache", *_UNARY, "--workload", "put"))),
    Case("many GETs together", (
        _bench("kache BatchGet of 100", "kache", "--mode", "batch", "--workload", "get",
               "--batch", 100, "--concurrency", 16),
        _redis_benchmark("twemproxy GET by 16", "twemproxy", 16, 16, "-t", "get"),
        _redis_benchmark("twemproxy MGET of 100", "twemproxy", 16, 1, *_MGET, keys_each=100))),
    Case("Pipeline GET", (
        _bench("kache 16 x 16", "kache", *_PIPELINE, "--batch", 16, "--concurrency", 16),
        _bench("kache 1 x 256", "kache", *_PIPELINE, "--batch", 1, "--concurrency", 256))),
    Case("REST GET, 64 connections", (
        _wrk("webdis", "webdis", 64, "get", "/GET/", "raw"),
        _wrk("kache", "rest", 64, "get", "/api/v1/keys/", "json"))),
    Case("REST PUT, 64 connections", (
        _wrk("webdis", "webdis", 64, "put", "/SET/", "raw"),
        _wrk("kache", "rest", 64, "put", "/api/v1/keys/", "json"))),
    Case("one GET at a time", (
        _bench("echo", "echo", "--workload", "get", "--concurrency", 1),
        _redis_benchmark("redis", "redis0", 1, 1, "-t", "get"),
        _bench("kache", "kache", "--workload", "get", "--concurrency", 1))),
    Case("growth: GET, 16 in flight for each server", (
        _bench("4 servers", "kache", "--workload", "get", "--concurrency", 64),
        _bench("32 servers", "kache32", "--workload", "get", "--concurrency", 512))),
)
