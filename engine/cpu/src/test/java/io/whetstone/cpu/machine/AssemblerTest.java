package io.whetstone.cpu.machine;

import static io.whetstone.cpu.machine.Address.at;
import static io.whetstone.cpu.machine.Register.R10;
import static io.whetstone.cpu.machine.Register.R11;
import static io.whetstone.cpu.machine.Register.R12;
import static io.whetstone.cpu.machine.Register.R13;
import static io.whetstone.cpu.machine.Register.R14;
import static io.whetstone.cpu.machine.Register.R15;
import static io.whetstone.cpu.machine.Register.R8;
import static io.whetstone.cpu.machine.Register.R9;
import static io.whetstone.cpu.machine.Register.RAX;
import static io.whetstone.cpu.machine.Register.RBP;
import static io.whetstone.cpu.machine.Register.RCX;
import static io.whetstone.cpu.machine.Register.RDI;
import static io.whetstone.cpu.machine.Register.RDX;
import static io.whetstone.cpu.machine.Register.RSI;
import static io.whetstone.cpu.machine.Register.RSP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The bytes are those of the GNU assembler. */
class AssemblerTest {
  @Test
  void loadsAndStores() {
    check("62f17c481007", a -> a.load(0, at(RDI)));
    check("62417c48107d00", a -> a.load(31, at(R13)));
    check("62e17c48104c2401", a -> a.load(17, at(RSP, 64)));
    check("62717c48104d00", a -> a.load(9, at(RBP)));
    check("62917c48106cbc02", a -> a.load(5, at(R12, R15, 4).plus(128)));
    check("62417c4811580d", a -> a.store(at(R8, 832), 27));
    check("62d17c48119841000000", a -> a.store(at(R8, 65), 3));
  }

  @Test
  void broadcasts() {
    check("62627d48187701", a -> a.broadcast(30, at(RDI, 4)));
    check("62227d48183418", a -> a.broadcast(30, at(RAX, R11, 1)));
    check("62027d481874517f", a -> a.broadcast(30, at(R9, R10, 2).plus(508)));
    check("62027d4818b45100020000", a -> a.broadcast(30, at(R9, R10, 2).plus(512)));
    check("62627d487cf8", a -> a.broadcast(31, RAX));
    check("62d27d487cd1", a -> a.broadcast(2, R9));
  }

  @Test
  void calculates() {
    check("62610540db6203", a -> a.and(28, 31, at(RDX, 192)));
    check("62d10548db0e", a -> a.and(1, 15, at(R14)));
    check("62f1154072720210", a -> a.shiftLeft(29, at(RDX, 128), 16));
    check("629165487234d105", a -> a.shiftLeft(3, at(R9, R10, 8), 5));
    check("62020d40b8dd", a -> a.multiplyAdd(27, 30, 29));
    check("62d24548b8c7", a -> a.multiplyAdd(0, 7, 15));
    check("62020e4052dd", a -> a.multiplyAddPairs(27, 30, 29));
    check("62d2464852c7", a -> a.multiplyAddPairs(0, 7, 15));
  }

  @Test
  void roundsAndAdds() {
    check("62f11d4072d310", a -> a.shiftRight(28, 3, 16));
    check("62911d4072d410", a -> a.shiftRight(28, 28, 16));
    check("62011d40dbe5", a -> a.and(28, 28, 29));
    check("62611d40fee3", a -> a.addIntegers(28, 28, 3));
    check("62513448584803", a -> a.add(9, 9, at(R8, 192)));
    check("62012540efdb", a -> a.zero(27));
    check("62b16440c2cb03", a -> a.markNotNumbers(1, 19));
    check("62017d496fe7", a -> a.replace(28, 31, 1));
    check("62427e48336103", a -> a.storeWords(at(R9, 96), 28));
    check("62427e4833a164000000", a -> a.storeWords(at(R9, 100), 28));
    check("4c8b542428", a -> a.move(R10, at(RSP, 40)));
    check("498b0424", a -> a.move(RAX, at(R12)));
    check("4d01d1", a -> a.add(R9, R10));
    check("4801f8", a -> a.add(RAX, RDI));
  }

  @Test
  void weighs() {
    check("62917c4828dd", a -> a.copy(3, 29));
    check("62e17cca28cd", a -> a.keep(17, 5, 2));
    check("62e17c491000", a -> a.load(16, at(RAX), 1));
    check("62c27d48336101", a -> a.loadWords(20, at(R9, 32)));
    check("62e17e08114902", a -> a.storeFloat(at(RCX, 8), 17));
    check("62916c4858ce", a -> a.add(1, 2, 30));
    check("62a16c485cca", a -> a.subtract(17, 2, 18));
    check("62f16c4859cb", a -> a.multiply(1, 2, 3));
    check("62a15c405eeb", a -> a.divide(21, 20, 19));
    check("62f16c485fcb", a -> a.larger(1, 2, 3));
    check("62826d48a8ce", a -> a.multiplyInto(17, 2, 30));
    check("62f25d40aacb", a -> a.multiplyLess(1, 20, 3));
    check("62b16d4072f117", a -> a.shiftLeft(18, 17, 23));
    check("62b16448c2cc01", a -> a.markLess(1, 3, 20));
    check("c5f892d0", a -> a.mark(2, RAX));
    check("c5f892cf", a -> a.mark(1, RDI));
  }

  @Test
  void takesBlocksApart() {
    check("62f2574872fc", a -> a.roundToWords(7, 5, 4));
    check("6222374072fc", a -> a.roundToWords(31, 25, 20));
    check("62f28d408dff", a -> a.arrangeWords(7, 30, 7));
    check("62925d4816e7", a -> a.arrange(4, 4, 31));
    check("6242754016d1", a -> a.arrange(26, 17, 9));
    check("62f17c485be5", a -> a.toFloats(4, 5));
    check("62817c485bc9", a -> a.toFloats(17, 25));
    check("62127e4833c1", a -> a.toWords(25, 8));
    check("62627e4833c3", a -> a.toWords(3, 24));
    check("62027d4813c9", a -> a.halvesToFloats(25, 25));
    check("62913d4072e018", a -> a.shiftSigned(24, 24, 24));
    check("62f16d4072e103", a -> a.shiftSigned(18, 1, 3));
    check("62e15540ebee", a -> a.or(21, 21, 6));
    check("62f32d4025e6e2", a -> a.combine(4, 26, 6, 0xe2));
    check("62931d4025eb6a", a -> a.combine(5, 28, 27, 0x6a));
    check("410f189000020000", a -> a.prefetchSecond(at(R8, 512)));
    check("0f185240", a -> a.prefetchSecond(at(RDX, 64)));
  }

  @Test
  void keepsConstantsBehind() {
    check(
        "62e17c48100d36000000" + "00".repeat(54) + "01000000".repeat(16), a -> a.everywhere(17, 1));
  }

  @Test
  void jumpsAhead() {
    check(
        "4d85d20f840100000057",
        a -> {
          int none = a.jumpIfZero(R10);
          a.push(RDI);
          a.land(none);
        });
    check("4885f60f8400000000", a -> a.land(a.jumpIfZero(RSI)));
  }

  @Test
  void rearrangesQuarters() {
    check("62b3754023d14e", a -> a.exchangeHalves(2, 17));
    check("62e3754823d1b1", a -> a.exchangeQuarters(18, 1));
    check("62b37d4804d14e", a -> a.exchangePairs(2, 17));
    check("62e37d4804d1b1", a -> a.exchangeLanes(18, 1));
    check("62f17c081007", a -> a.loadQuarter(0, at(RDI)));
    check("62c17c08104d01", a -> a.loadQuarter(17, at(R13, 16)));
    check("62217c08103c48", a -> a.loadQuarter(31, at(RAX, R9, 2)));
    check("62b37d4818040001", a -> a.insertQuarter(0, 0, at(RAX, R8, 1), 1));
    check("62830d40184c0c0203", a -> a.insertQuarter(17, 30, at(R12, R9, 1).plus(32), 3));
    check("62f17c4814e1", a -> a.interleaveLow(4, 0, 1));
    check("62917c4015ef", a -> a.interleaveHigh(5, 16, 31));
    check("62f15c48c6c644", a -> a.joinLow(0, 4, 6));
    check("62916c40c6ddee", a -> a.joinHigh(3, 18, 29));
  }

  @Test
  void countsAndKeeps() {
    check("0f188a00400000", a -> a.prefetch(at(RDX, 16384)));
    check("410f184d40", a -> a.prefetch(at(R13, 64)));
    check("57", a -> a.push(RDI));
    check("4154", a -> a.push(R12));
    check("59", a -> a.pop(RCX));
    check("415f", a -> a.pop(R15));
    check("b80000ffff", a -> a.move(RAX, 0xffff0000));
    check("41ba07000000", a -> a.move(R10, 7));
    check("4c8d1476", a -> a.address(R10, at(RSI, RSI, 2)));
    check("4a8d040f", a -> a.address(RAX, at(RDI, R9, 1)));
    check("4f8d7ceef8", a -> a.address(R15, at(R14, R13, 8).plus(-8)));
    check("4881c7e8030000", a -> a.add(RDI, 1000));
    check("4981c3c0f2fcff", a -> a.add(R11, -200_000));
    check("c5f877c3", Assembler::finish);
  }

  @Test
  void jumpsBack() {
    check(
        "5748ffc90f85f6ffffff",
        a -> {
          int begin = a.here();
          a.push(RDI);
          a.decrementAndJump(RCX, begin);
        });
  }

  @Test
  void knowsWhatCannotBeAnAddress() {
    assertThrows(IllegalArgumentException.class, () -> at(RAX, RSP, 1));
    assertThrows(IllegalArgumentException.class, () -> at(RAX, RCX, 3));
  }

  private static void check(String bytes, Consumer<Assembler> writes) {
    Assembler assembler = new Assembler();
    writes.accept(assembler);
    assertEquals(bytes, HexFormat.of().formatHex(assembler.code()));
  }
}
