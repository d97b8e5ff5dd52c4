module slipway.dev/test/cluster/sandbox

go 1.26
