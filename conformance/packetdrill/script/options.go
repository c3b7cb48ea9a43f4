// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"encoding/binary"
	"fmt"
)

// ParseOptions reads the options of a header, padding and all. The error is for
// one whose length does not fit.
func ParseOptions(b []byte) ([]TCPOption, error) {
	var opts []TCPOption
	for len(b) > 0 {
		o, n := TCPOption{Kind: OptionKind(b[0])}, 1
		if o.Kind != OptEOL && o.Kind != OptNOP {
			if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
				return nil, fmt.Errorf("option %d has a bad length", o.Kind)
			}
			n = int(b[1])
			o.decode(b[2:n])
		}
		opts = append(opts, o)
		b = b[n:]
	}
	return opts, nil
}

// decode takes in what is behind kind and length. What has not the length that
// the kind should have is kept as Data.
func (o *TCPOption) decode(b []byte) {
	switch {
	case o.Kind == OptMSS && len(b) == 2:
		o.Value = uint32(binary.BigEndian.Uint16(b))
	case o.Kind == OptWScale && len(b) == 1:
		o.Value = uint32(b[0])
	case o.Kind == OptTS && len(b) == 8:
		o.Value, o.Ecr = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	case o.Kind == OptSACK && len(b)%8 == 0:
		for ; len(b) > 0; b = b[8:] {
			o.Blocks = append(o.Blocks, SACKBlock{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])})
		}
	case o.Kind == OptFastOpenX && len(b) >= 2 && binary.BigEndian.Uint16(b) == fastOpenMagic:
		o.Data = b[2:]
	default:
		o.Data = b
	}
}

// Append adds the option to a header under construction.
func (o TCPOption) Append(b []byte) []byte {
	b = append(b, byte(o.Kind))
	if o.Kind == OptEOL || o.Kind == OptNOP {
		return b
	}
	b = append(b, byte(o.Len()))
	switch o.Kind {
	case OptMSS:
		b = binary.BigEndian.AppendUint16(b, uint16(o.Value))
	case OptWScale:
		b = append(b, byte(o.Value))
	case OptTS:
		b = binary.BigEndian.AppendUint32(b, o.Value)
		b = binary.BigEndian.AppendUint32(b, o.Ecr)
	case OptSACK:
		for _, k := range o.Blocks {
			b = binary.BigEndian.AppendUint32(b, k.Left)
			b = binary.BigEndian.AppendUint32(b, k.Right)
		}
	case OptFastOpenX:
		b = binary.BigEndian.AppendUint16(b, fastOpenMagic)
	}
	return append(b, o.Data...)
}
