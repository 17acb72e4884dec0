"""Pools over windows and to given sizes."""

from __future__ import annotations

from torch import nn
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, case, real

IMAGE: Input = real(N, 3, 8, 7)
SIGNAL: Input = real(N, 3, 13)

CASES: Table = {
    "max_pool2d": case(nn.MaxPool2d(2), IMAGE),
    "max_pool2d, overlapping": case(nn.MaxPool2d(3, 2, padding=1), IMAGE),
    "max_pool2d, ceil_mode": case(nn.MaxPool2d((2, 3), 2, ceil_mode=True), IMAGE),
    "max_pool2d, functional": case(lambda x: functional.max_pool2d(x, 3, 1), IMAGE),
    "max_pool2d without a batch axis": case(nn.MaxPool2d(2), real(3, 8, 7)),
    "max_pool1d": case(nn.MaxPool1d(3, 2), SIGNAL),
    "max_pool1d, ceil_mode": case(nn.MaxPool1d(3, 2, padding=1, ceil_mode=True), SIGNAL),
    "avg_pool2d": case(nn.AvgPool2d(2), IMAGE),
    "avg_pool2d with padding": case(nn.AvgPool2d(3, 2, padding=1), IMAGE),
    "avg_pool2d, padding not counted": case(nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), IMAGE),
    "avg_pool2d, ceil_mode": case(nn.AvgPool2d(3, 2, ceil_mode=True), IMAGE),
    "avg_pool2d, ceil_mode with padding": case(nn.AvgPool2d((3, 2), 2, padding=1, ceil_mode=True), IMAGE),
    "avg_pool2d, divisor_override": case(nn.AvgPool2d(3, 2, divisor_override=5), IMAGE),
    "avg_pool2d of the whole image": case(nn.AvgPool2d((8, 7)), IMAGE),
    "avg_pool1d": case(nn.AvgPool1d(3, 2), SIGNAL),
    "avg_pool1d with padding": case(nn.AvgPool1d(4, 3, padding=2, ceil_mode=True), SIGNAL),
    "avg_pool1d, padding not counted": case(nn.AvgPool1d(4, 3, padding=1, count_include_pad=False), SIGNAL),
    "adaptive_avg_pool2d": case(nn.AdaptiveAvgPool2d((4, 7)), IMAGE),
    "adaptive_avg_pool2d of uneven windows": case(nn.AdaptiveAvgPool2d((3, 5)), IMAGE),
    "adaptive_avg_pool2d to one": case(nn.AdaptiveAvgPool2d(1), IMAGE),
    "adaptive_avg_pool2d to more": case(nn.AdaptiveAvgPool2d((12, 9)), IMAGE),
    "adaptive_avg_pool1d": case(nn.AdaptiveAvgPool1d(5), SIGNAL),
    "adaptive_avg_pool1d to one": case(nn.AdaptiveAvgPool1d(1), SIGNAL),
    "adaptive_max_pool2d": case(nn.AdaptiveMaxPool2d((4, 7)), IMAGE),
    "adaptive_max_pool2d of uneven windows": case(nn.AdaptiveMaxPool2d((3, 5)), IMAGE),
    "max_pool2d, dilation": case(nn.MaxPool2d(2, 1, 1, dilation=3), IMAGE),
    "max_pool1d, dilation": case(nn.MaxPool1d(3, 2, 1, dilation=2, ceil_mode=True), SIGNAL),
    "max_pool2d, places": case(lambda x: functional.max_pool2d(x, 3, 2, 1, return_indices=True), IMAGE),
    "max_pool1d, places": case(lambda x: functional.max_pool1d(x, 3, 2, 1, 2, return_indices=True), SIGNAL),
    "adaptive_max_pool2d, places": case(nn.AdaptiveMaxPool2d((3, 5), return_indices=True), IMAGE),
    "adaptive_max_pool1d, places": case(nn.AdaptiveMaxPool1d(4, return_indices=True), SIGNAL),
    "adaptive_max_pool1d": case(nn.AdaptiveMaxPool1d(4), SIGNAL),
    "max_pool2d with dilation": case(nn.MaxPool2d(3, 1, dilation=2), IMAGE),
    "max_pool2d with dilation and strides": case(nn.MaxPool2d(2, 2, padding=1, dilation=(2, 3)), IMAGE),
    "max_pool2d with indices": case(nn.MaxPool2d(2, return_indices=True), IMAGE),
    "max_pool1d with dilation": case(nn.MaxPool1d(3, 2, dilation=2), SIGNAL),
    "max_pool1d with indices": case(nn.MaxPool1d(3, 2, padding=1, return_indices=True), SIGNAL),
    "adaptive_max_pool2d with indices": case(nn.AdaptiveMaxPool2d((4, 3), return_indices=True), IMAGE),
}
