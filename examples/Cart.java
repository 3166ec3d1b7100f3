// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// libtrundle from Java: java Cart FOLDER shops the same list as cart.c and prints the receipt.
import java.nio.file.Files;
import java.nio.file.Path;

class Cart {
    static native long open(byte[] cartJson, byte[] catalogJson);
    static native void cells(long cart, long tNs, int[] raw);
    static native void code(long cart, long tNs, String text);
    static native void tick(long cart, long tNs);
    static native String receipt(long cart);
    static native void close(long cart);

    public static void main(String[] args) throws Exception {
        System.loadLibrary("trundle_jni");
        Path folder = Path.of(args[0]);
        long cart = open(Files.readAllBytes(folder.resolve("cart.json")), Files.readAllBytes(folder.resolve("catalog.json"))), t = 0;
        for (String line : Files.readAllLines(folder.resolve("messages.txt"))) {
            String[] words = line.split(" ");
            if (words[0].equals("scan")) code(cart, t * 12_500_000, words[1]);
            else for (long end = t + 80 * Long.parseLong(words[1]); t < end; t++) {
                int[] raw = new int[4];
                for (int i = 0; i < 4; i++) raw[i] = Integer.parseInt(words[2]) / 4 + (int) ((t * 7 + i * 3) % 11) - 5;
                cells(cart, t * 12_500_000, raw);
                if (t % 8 == 0) tick(cart, t * 12_500_000);
            }
        }
        System.out.print(receipt(cart));
        close(cart);
    }
}
