module example.com/jam

go 1.22
