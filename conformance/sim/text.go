// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// format writes a struct in lines, each a field and its value, for those that
// differ from base. An element of a slice is one line: the slice, a plus, and the
// element's fields. Functions are left out.
func format(v, base any) []string {
	var lines []string
	walk("", reflect.ValueOf(v).Elem(), reflect.ValueOf(base).Elem(), func(path string, f reflect.Value) {
		if f.Kind() != reflect.Slice {
			lines = append(lines, path+" "+scalar(f))
			return
		}
		for i := range f.Len() {
			line := path + " +"
			walk("", f.Index(i), reflect.Zero(f.Type().Elem()), func(sub string, g reflect.Value) {
				line += " " + sub + "=" + scalar(g)
			})
			lines = append(lines, line)
		}
	})
	return lines
}

// walk calls leaf for each field of v, however deep, that differs from base's.
func walk(path string, v, base reflect.Value, leaf func(string, reflect.Value)) {
	switch {
	case v.Kind() == reflect.Func || v.Kind() == reflect.Pointer:
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if path != "" {
				name = path + "." + name
			}
			walk(name, v.Field(i), base.Field(i), leaf)
		}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i), base.Index(i), leaf)
		}
	case v.Kind() == reflect.Slice:
		if v.Len() > 0 {
			leaf(path, v)
		}
	case !v.Equal(base):
		leaf(path, v)
	}
}

// scalar writes a value without spaces.
func scalar(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return v.String()
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, _ := m.MarshalText()
		return string(b)
	}
	return fmt.Sprint(v.Interface())
}

// parse puts the lines' values into v, which has its defaults.
func parse(lines []string, v any) error {
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) < 2 {
			return fmt.Errorf("%q: want a field and its value", line)
		}
		f, err := field(reflect.ValueOf(v).Elem(), words[0])
		if err == nil && words[1] == "+" {
			err = parseElement(f, words[2:])
		} else if err == nil {
			err = setScalar(f, words[1])
		}
		if err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
	}
	return nil
}

// parseElement appends an element to a slice.
func parseElement(slice reflect.Value, words []string) error {
	if slice.Kind() != reflect.Slice {
		return fmt.Errorf("not a list")
	}
	e := reflect.New(slice.Type().Elem()).Elem()
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return fmt.Errorf("%q has no =", w)
		}
		f, err := field(e, name)
		if err == nil {
			err = setScalar(f, value)
		}
		if err != nil {
			return err
		}
	}
	slice.Set(reflect.Append(slice, e))
	return nil
}

// field finds a field by its path, as in Hosts[0].Params.ISS.
func field(v reflect.Value, path string) (reflect.Value, error) {
	for _, part := range strings.Split(path, ".") {
		name, index, indexed := strings.Cut(part, "[")
		if v.Kind() != reflect.Struct {
			return v, fmt.Errorf("%s has no fields", path)
		}
		if v = v.FieldByName(name); !v.IsValid() {
			return v, fmt.Errorf("no field %s", part)
		}
		if indexed {
			i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			if err != nil || v.Kind() != reflect.Array || i < 0 || i >= v.Len() {
				return v, fmt.Errorf("no element %s", part)
			}
			v = v.Index(i)
		}
	}
	return v, nil
}

// setScalar puts a value that was written by scalar into f.
func setScalar(f reflect.Value, text string) error {
	if u, ok := f.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if _, ok := f.Interface().(time.Duration); ok {
		d, err := time.ParseDuration(text)
		f.SetInt(int64(d))
		return err
	}
	switch {
	case f.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		f.SetBool(b)
		return err
	case f.CanInt():
		n, err := strconv.ParseInt(text, 10, f.Type().Bits())
		f.SetInt(n)
		return err
	case f.CanUint():
		n, err := strconv.ParseUint(text, 10, f.Type().Bits())
		f.SetUint(n)
		return err
	case f.CanFloat():
		x, err := strconv.ParseFloat(text, 64)
		f.SetFloat(x)
		return err
	case f.Kind() == reflect.String:
		f.SetString(text)
		return nil
	}
	return fmt.Errorf("a %v cannot be read", f.Type())
}
