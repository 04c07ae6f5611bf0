"""The demonstration city (演示城市): real divisions, made people, enterprises and government."""

from yiwang.config.demo.build import city_build, city_is_built

__all__ = ["city_build", "city_is_built"]
